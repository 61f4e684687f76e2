//! Reads stops ahead of the ledger.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::try_join;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};

use super::read_ahead::STOPS_AHEAD;
use super::route::{Stop, StopReason};
use super::search::{Found, Search, View};
use crate::ports::{Ask, ChainError, NeuronsAsk, OwnWord, Roster, SubnetAsk};
use crate::record::agreed::{agreed_glance, two_answers};
use crate::units::{BlockNumber, BlockRef, Coldkey, Millis};

/// A stop with what was read of it and of the interval before.
pub(super) struct Prepared {
    pub(super) stop: Stop,
    /// Where the interval begins and ends.
    pub(super) low: Arc<View>,
    pub(super) high: Arc<View>,
    /// The blocks inside it in which something happened.
    pub(super) found: Vec<Found>,
    /// The stop itself.
    pub(super) at: Arc<View>,
}

/// A stop with whom to look at there.
pub(super) struct Planned {
    pub(super) stop: Stop,
    pub(super) coldkeys: Arc<BTreeSet<Coldkey>>,
}

/// The stops, in order, with whom to look at there: who holds a uid at an epoch is followed from there on.
pub(super) fn planned(stops: Vec<Stop>) -> Vec<Planned> {
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

/// Reads ahead, knowing nothing of the ledger but whom to look at.
pub(super) struct Reader<'a> {
    pub(super) search: Search<'a>,
    pub(super) in_flight: usize,
    /// Where the interval begins in which the record stands.
    pub(super) begun: BlockNumber,
    /// What to expect of the next states; only the number of requests depends on it.
    pub(super) expected: Mutex<Roster>,
    /// HolderQuery to look at besides: who became a holder by a swap. Whoever is not looked at here is later.
    pub(super) followed: Mutex<BTreeSet<Coldkey>>,
}

/// What was read of a stop: the end of the interval before it, and itself, where it needed reading.
type Ends = (Stop, Option<View>, Option<View>);

impl Reader<'_> {
    /// Reads stops and the intervals before them; the first interval begins at `low`.
    pub(super) fn prepare(
        &self,
        low: Arc<View>,
        planned: Vec<Planned>,
    ) -> impl Stream<Item = Result<Prepared, ChainError>> + Unpin {
        let (mut before, mut since) = (low.number(), self.begun);
        let mut reads = planned.into_iter().map(move |planned| {
            let number = planned.stop.number;
            self.ends(std::mem::replace(&mut before, number), std::mem::replace(&mut since, number), planned)
        });
        // The first alone, so that the others know what to expect.
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

    /// Looks at these too from here on.
    pub(super) fn follow(&self, holders: BTreeSet<Coldkey>) {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner).extend(holders);
    }

    /// Reads a stop, and the end of what is read on from `from`, in the interval that began at `since`.
    pub(super) async fn ends(
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
        let high =
            async { if edge > from { self.edge(edge, &ask, known_edge).await.map(Some) } else { Ok(None) } };
        let mut ask_at = Ask { events: true, ..ask.clone() };
        ask_at.subnets.values_mut().for_each(|ask| {
            ask.neurons = neurons;
            ask.skip_pointers = true;
            ask.own_word = OwnWord::ComparedSince(since);
        });
        let ask_at = ask_at.after();
        let at = async {
            if last { Ok(None) } else { self.note(self.search.agreed_view(number, &ask_at).await?).map(Some) }
        };
        let (high, at) = try_join(high, at).await?;
        Ok((stop, high, at))
    }

    /// The end of an interval, of which the block and its time are known already or read twice.
    pub(super) async fn edge(
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
        self.note(self.search.view(number, ask).await?)
    }

    /// Expects of the next states what was found in this one.
    pub(super) fn note(&self, view: View) -> Result<View, ChainError> {
        let mut expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        expected.positions.extend(view.state.traces.positions.keys());
        Ok(view)
    }

    pub(super) fn expected(&self) -> Roster {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A view with what it lacks of the positions of `coldkeys`.
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
