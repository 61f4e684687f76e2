//! Reads stops ahead of the ledger.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::try_join;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};

use super::read_ahead::STOPS_AHEAD;
use super::route::{Stop, StopReason};
use super::search::{FoundBlock, Search, View};
use crate::ports::{Ask, ChainError, NeuronsAsk, OwnWord, Roster, SubnetAsk};
use crate::record::agreed::{agreed_glance, two_answers};
use crate::units::{BlockNumber, BlockRef, Coldkey, Millis};

/// A stop with what was read of it and of the interval before it.
pub(super) struct Prepared {
    pub(super) stop: Stop,
    /// The start and the end of the interval.
    pub(super) low: Arc<View>,
    pub(super) high: Arc<View>,
    /// The blocks inside the interval in which something happened.
    pub(super) found: Vec<FoundBlock>,
    /// The stop itself.
    pub(super) at: Arc<View>,
}

/// A stop, and the coldkeys to read there.
pub(super) struct Planned {
    pub(super) stop: Stop,
    pub(super) coldkeys: Arc<BTreeSet<Coldkey>>,
}

/// The stops, in order, with the coldkeys to read there. A coldkey that holds a uid at an epoch is followed
/// from there on.
pub(super) fn plan_stops(stops: Vec<Stop>) -> Vec<Planned> {
    let mut coldkeys: Arc<BTreeSet<Coldkey>> = Arc::default();
    let mut plan = Vec::with_capacity(stops.len());
    for stop in stops {
        if let StopReason::Epoch { neurons, .. } = &stop.reason
            && neurons.iter().any(|neuron| !coldkeys.contains(&neuron.coldkey))
        {
            Arc::make_mut(&mut coldkeys).extend(neurons.iter().map(|neuron| neuron.coldkey));
        }
        plan.push(Planned { stop, coldkeys: Arc::clone(&coldkeys) });
    }
    plan
}

/// Reads ahead of the ledger. All it needs to know of the ledger is which coldkeys to read.
pub(super) struct Reader<'a> {
    pub(super) search: Search<'a>,
    pub(super) in_flight: usize,
    /// The block at which the record's open interval begins.
    pub(super) begun: BlockNumber,
    /// What to expect of the next states. Only the number of requests depends on it.
    pub(super) expected: Mutex<Roster>,
    /// Further coldkeys to read: those that became holders by a swap. Coldkeys that are not read here are
    /// read when the stop is recorded.
    pub(super) followed: Mutex<BTreeSet<Coldkey>>,
}

/// What was read of a stop: the end of the interval before it, and the stop itself, where these needed
/// reading.
type Ends = (Stop, Option<View>, Option<View>);

impl Reader<'_> {
    /// Reads stops and the intervals before them. The first interval begins at `low`.
    pub(super) fn prepare(
        &self,
        low: Arc<View>,
        planned: Vec<Planned>,
    ) -> impl Stream<Item = Result<Prepared, ChainError>> + Unpin {
        let (mut before, mut since) = (low.number(), self.begun);
        let mut reads = planned.into_iter().map(move |planned| {
            let number = planned.stop.number;
            self.read_stop(
                std::mem::replace(&mut before, number),
                std::mem::replace(&mut since, number),
                planned,
            )
        });
        // The first stop is read alone, so that the others know what to expect.
        let alone = if self.expected().positions.is_empty() { reads.next() } else { None };
        let (search, mut low) = (&self.search, low);
        let link = move |(stop, high, at): Ends| {
            let high = high.map_or_else(|| Arc::clone(&low), Arc::new);
            let at = at.map_or_else(|| Arc::clone(&high), Arc::new);
            Prepared { stop, low: std::mem::replace(&mut low, Arc::clone(&at)), high, found: Vec::new(), at }
        };
        // Intervals are searched while later ones are read.
        stream::iter(alone)
            .then(|read| read)
            .chain(stream::iter(reads).buffered(self.in_flight))
            .map_ok(link)
            .map_ok(move |mut prepared| async move {
                prepared.found = search.between(&prepared.low, &prepared.high).await?;
                Ok(prepared)
            })
            .try_buffered(STOPS_AHEAD)
            .boxed()
    }

    /// Reads these coldkeys too from now on.
    pub(super) fn follow(&self, holders: BTreeSet<Coldkey>) {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner).extend(holders);
    }

    /// Reads a stop, and the end of the stretch before it that begins at `from`. The interval began at
    /// `since`.
    pub(super) async fn read_stop(
        &self,
        from: BlockNumber,
        since: BlockNumber,
        planned: Planned,
    ) -> Result<Ends, ChainError> {
        let Planned { stop, coldkeys } = planned;
        let mut coldkeys = BTreeSet::clone(&coldkeys);
        coldkeys.extend(self.followed.lock().unwrap_or_else(PoisonError::into_inner).iter());
        let number = stop.number;
        let mut expected = self.expected();
        let (mut neurons, mut known_edge) = (NeuronsAsk::No, None);
        if let StopReason::Epoch { neurons: known, edge, .. } = &stop.reason {
            neurons = NeuronsAsk::Yes;
            expected.neurons = known.to_vec();
            known_edge = Some(*edge);
        }
        let last = matches!(stop.reason, StopReason::Last);
        let edge = if last { number } else { number.parent() };
        let ask = Ask::of(
            self.search.netuid,
            SubnetAsk { recorded: true, ..SubnetAsk::positions(coldkeys, expected) },
        );
        let high = async {
            if edge > from { self.read_edge(edge, &ask, known_edge).await.map(Some) } else { Ok(None) }
        };
        let mut ask_at = Ask { events: true, ..ask.clone() };
        ask_at.subnets.values_mut().for_each(|ask| {
            ask.neurons = neurons;
            ask.skip_pointers = true;
            ask.own_word = OwnWord::ComparedSince(since);
        });
        let ask_at = ask_at.after();
        let at = async {
            if last {
                Ok(None)
            } else {
                self.expect_positions_of(self.search.agreed_view(number, &ask_at).await?).map(Some)
            }
        };
        let (high, at) = try_join(high, at).await?;
        Ok((stop, high, at))
    }

    /// Reads the end of an interval. Its block and time are `known` already, or are read twice.
    pub(super) async fn read_edge(
        &self,
        number: BlockNumber,
        ask: &Ask,
        known: Option<(BlockRef, Millis)>,
    ) -> Result<View, ChainError> {
        let view = self.view(number, ask).await?;
        let said = (view.facts.block, view.facts.time);
        let known = match known.filter(|known| *known == said) {
            Some(known) => known,
            None => {
                let facts = agreed_glance(self.search.chain, number, &[]).await?;
                (facts.block, facts.time)
            }
        };
        if known == said { Ok(view) } else { Err(two_answers(format_args!("block {number}"))) }
    }

    pub(super) async fn view(&self, number: BlockNumber, ask: &Ask) -> Result<View, ChainError> {
        self.expect_positions_of(self.search.view(number, ask).await?)
    }

    /// Expects in the next states what this one has.
    pub(super) fn expect_positions_of(&self, view: View) -> Result<View, ChainError> {
        let mut expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        expected.positions.extend(view.state.traces.positions.keys());
        Ok(view)
    }

    pub(super) fn expected(&self) -> Roster {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A view, with the positions of `coldkeys` that it lacks added.
    pub(super) async fn complete(
        &self,
        view: &Arc<View>,
        coldkeys: &BTreeSet<Coldkey>,
    ) -> Result<Arc<View>, ChainError> {
        let missing = view.state.lacking(coldkeys);
        if missing.is_empty() {
            return Ok(Arc::clone(view));
        }
        let ask = Ask::of(
            self.search.netuid,
            SubnetAsk { recorded: true, ..SubnetAsk::positions(missing, self.expected()) },
        );
        let mut view = View::clone(view);
        view.state.absorb(self.view(view.number(), &ask).await?.state);
        Ok(Arc::new(view))
    }
}
