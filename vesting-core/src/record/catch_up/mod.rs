//! Catching up: takes in only the blocks in which something happened. Its costs grow with epochs and
//! stake operations, not with blocks; its ledger equals that of a follower.

mod route;
mod search;

use std::collections::{BTreeSet, VecDeque};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use futures_util::future::{join, try_join};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};

use crate::block::{BlockFacts, Detection, is_epoch};
use crate::flow::classify::{Flows, classify};
use crate::ports::{
    Ask, ChainError, ChainPort, Commit, NeuronsAsk, OwnWord, Roster, StakeStore, StoreError, SubnetAsk,
    SubnetState,
};
use crate::record::agreed::{agreed_block, agreed_glance, two_answers};
use crate::record::doubt::Doubts;
use crate::record::error::MonitorError;
use crate::record::load::load;
use crate::record::progress::Progress;
use crate::record::recorder::{Around, Recorder, Seen, of_coldkeys};
use crate::record::subnet_ledger::SubnetLedger;
use crate::units::{BlockNumber, BlockRef, Coldkey, Millis};
use route::{Route, Stop, StopSort};
use search::{Found, Search, View};

/// The most stops that are searched at once, and that wait to be taken in.
const STOPS_AHEAD: usize = 128;
/// After so many stops the ledger lets go of the tranches that need not be at hand.
const STOPS_AT_HAND: u64 = 16;

/// Catches one subnet up.
pub(crate) struct CatchUp<'a> {
    pub(crate) chain: &'a dyn ChainPort,
    pub(crate) store: &'a dyn StakeStore,
    pub(crate) ledger: &'a mut SubnetLedger,
    pub(crate) doubts: &'a mut Doubts,
    pub(crate) in_flight: usize,
    pub(crate) state: &'a mut Progress,
    pub(crate) progress: &'a mut (dyn FnMut(Progress) + Send),
}

/// A stop with what was read of it and of the interval before.
struct Prepared {
    stop: Stop,
    /// Where the interval begins and ends.
    low: Arc<View>,
    high: Arc<View>,
    /// The blocks inside it in which something happened.
    found: Vec<Found>,
    /// The stop itself.
    at: Arc<View>,
}

/// A stop with whom to look at there.
struct Planned {
    stop: Stop,
    coldkeys: Arc<BTreeSet<Coldkey>>,
}

impl CatchUp<'_> {
    /// Takes in what happened after the watermark (from `first` on where there is none) up to `to`.
    pub(crate) async fn run(mut self, first: BlockNumber, to: BlockNumber) -> Result<(), MonitorError> {
        if self.ledger.watermark().is_none() {
            if first > to {
                return Ok(());
            }
            self.take(first).await?;
        }
        let Some(watermark) = self.ledger.watermark().filter(|watermark| watermark.block.number < to) else {
            return self.commit().await;
        };
        let (netuid, from) = (self.ledger.netuid(), watermark.block.number);
        let route = Route { chain: self.chain, netuid, in_flight: self.in_flight };
        let stops = route.stops(from, to).await?;
        let search = Search { chain: self.chain, netuid };
        let begun = self.ledger.interval().from.unwrap_or_default();
        let reader = Reader {
            begun,
            search,
            in_flight: self.in_flight,
            expected: Mutex::new(self.ledger.roster()),
            followed: Mutex::new(self.ledger.holders()),
        };
        let own_word = OwnWord::ComparedSince(begun);
        let ask = Ask::of(
            netuid,
            SubnetAsk {
                own_word,
                recorded: true,
                ..SubnetAsk::positions(self.ledger.holders(), self.ledger.roster())
            },
        );
        let low = Arc::new(reader.search.view(from, &ask).await?);
        let mut ahead = Ahead { prepared: reader.prepare(low, plan(stops)), ready: VecDeque::new() };
        let store = self.store;
        let (mut written, mut stops) = (None, 0u64);
        while let Some(prepared) = ahead.next().await {
            let mut stop = prepared?;
            let before = *self.state;
            // A transaction is written while the next interval is worked out.
            let writing = write(store, written.take());
            let (done, taken) = ahead.beside(join(writing, self.take_stop(&mut stop, &reader))).await;
            done?;
            let mut missed = taken?;
            while !missed.is_empty() {
                missed = ahead.beside(self.take_again(&mut stop, missed, before, &reader)).await?;
            }
            reader.follow(self.ledger.holders());
            written = self.ledger.take_commit();
            stops += 1;
            if stops % STOPS_AT_HAND == 0 {
                // What is let go must be in the store as it stands.
                write(store, written.take()).await?;
                self.ledger.let_go();
            }
            self.report();
        }
        write(store, written).await?;
        self.commit().await
    }

    /// Forgets what was not written yet, and takes in a stop once more, with blocks that left no other trace.
    async fn take_again(
        &mut self,
        stop: &mut Prepared,
        missed: BTreeSet<BlockNumber>,
        before: Progress,
        reader: &Reader<'_>,
    ) -> Result<BTreeSet<BlockNumber>, MonitorError> {
        *self.ledger = load(self.store, self.ledger.netuid()).await?;
        *self.state = before;
        for number in missed {
            stop.found.push(reader.search.found(number).await?);
        }
        stop.found.sort_by_key(|found| found.facts.block.number);
        self.take_stop(stop, reader).await
    }

    /// Takes in a stop with its interval; gives the blocks that would have to be read for it.
    async fn take_stop(
        &mut self,
        stop: &mut Prepared,
        reader: &Reader<'_>,
    ) -> Result<BTreeSet<BlockNumber>, MonitorError> {
        let holders = self.ledger.holders();
        if [&stop.low, &stop.high].into_iter().any(|view| !view.state.lacking(&holders).is_empty()) {
            // Somebody became a holder by a swap after this was read.
            (stop.low, stop.high) =
                try_join(reader.complete(&stop.low, &holders), reader.complete(&stop.high, &holders)).await?;
            stop.found = reader.search.between(&stop.low, &stop.high).await?;
        }
        let seen = stop.found.iter().map(|found| found.facts.block.number).collect();
        self.take_interval(stop, &seen, reader).await
    }

    /// Takes in an interval and the stop that ends it; gives the blocks that would have to be read for it.
    async fn take_interval(
        &mut self,
        prepared: &Prepared,
        seen: &BTreeSet<BlockNumber>,
        reader: &Reader<'_>,
    ) -> Result<BTreeSet<BlockNumber>, MonitorError> {
        let mut missed = BTreeSet::new();
        for found in &prepared.found {
            let parent =
                BlockRef { number: found.facts.block.number.parent(), hash: found.facts.parent_hash };
            self.ledger.pass(parent, found.time_before, found.spec_before);
            self.state.operations = self.state.operations.saturating_add(1);
            self.take_facts(&found.facts, None, None).await?;
        }
        let seen = Seen { after: prepared.low.number(), blocks: seen, missed: &mut missed };
        let edge = &prepared.high.facts;
        self.ledger.pass(edge.block, edge.time, edge.spec_version);
        let around = match &prepared.stop.sort {
            StopSort::Last => {
                let holders = self.ledger.holders();
                // Who became one in this very interval was not asked for yet.
                let end = reader.complete(&prepared.high, &holders).await?;
                let mut recorder = self.recorder(Some(seen));
                let rows = recorder.observe(&of_coldkeys(&end.state.positions, &holders)).await?;
                self.ledger.keep_snapshots(rows);
                return Ok(missed);
            }
            StopSort::Epoch { neurons, owner, .. } => {
                let number = prepared.at.number();
                if prepared
                    .at
                    .facts
                    .subnets
                    .get(&self.ledger.netuid())
                    .is_none_or(|counters| !is_epoch(number, counters))
                {
                    let why = format!(
                        "a later state names an epoch of subnet {} in block {number}, which had none",
                        self.ledger.netuid()
                    );
                    return Err(ChainError::Malformed(why).into());
                }
                let before =
                    SubnetState { neurons: neurons.to_vec(), owner: *owner, ..prepared.high.state.clone() };
                Some(Around { before, after: prepared.at.state.clone(), parent: None })
            }
            StopSort::End => Some(Around {
                before: prepared.high.state.clone(),
                after: prepared.at.state.clone(),
                parent: None,
            }),
            // It may be anything, an epoch of a short life too.
            StopSort::Absent => None,
        };
        self.take_facts(&prepared.at.facts, around, Some(seen)).await?;
        Ok(missed)
    }

    /// Reads and takes in one block.
    async fn take(&mut self, number: BlockNumber) -> Result<(), MonitorError> {
        let facts = agreed_block(self.chain, number, &[self.ledger.netuid()], None).await?;
        self.take_facts(&facts, None, None).await
    }

    async fn take_facts(
        &mut self,
        facts: &BlockFacts,
        around: Option<Around>,
        seen: Option<Seen<'_>>,
    ) -> Result<(), MonitorError> {
        let flows = classify(self.ledger.netuid(), facts);
        let around = match around {
            Some(around) => around,
            None => read_around(self.chain, self.ledger, facts, &flows).await?,
        };
        let taken = self.recorder(seen).take(facts, &flows, around).await?;
        self.state.add(taken);
        Ok(())
    }

    fn recorder<'a>(&'a mut self, seen: Option<Seen<'a>>) -> Recorder<'a> {
        let (chain, store) = (self.chain, self.store);
        Recorder {
            chain,
            store,
            ledger: self.ledger,
            doubts: self.doubts,
            detected: Detection::CatchUp,
            seen,
        }
    }

    async fn commit(&mut self) -> Result<(), MonitorError> {
        Ok(write(self.store, self.ledger.take_commit()).await?)
    }

    fn report(&mut self) {
        if let Some(watermark) = self.ledger.watermark() {
            self.state.block = watermark.block.number;
        }
        (self.progress)(*self.state);
    }
}

/// Reads what is needed of the states before and after a block.
async fn read_around(
    chain: &dyn ChainPort,
    ledger: &SubnetLedger,
    facts: &BlockFacts,
    flows: &Flows,
) -> Result<Around, ChainError> {
    let Some(wanted) = Recorder::wants(ledger, facts, flows) else { return Ok(Around::default()) };
    let (netuid, number) = (ledger.netuid(), facts.block.number);
    let ask = Ask::of(netuid, wanted);
    let after = ask.clone().after();
    let (mut before, mut after) =
        try_join(chain.read(number.parent(), &ask), chain.read(number, &after)).await?;
    Ok(Around {
        before: before.take(netuid),
        after: after.take(netuid),
        parent: Some((before.facts.block, before.facts.time)),
    })
}

/// Writes what there is to write.
async fn write(store: &dyn StakeStore, commit: Option<Commit>) -> Result<(), StoreError> {
    match commit {
        Some(commit) => store.commit(&commit).await,
        None => Ok(()),
    }
}

/// The stops, in order, with whom to look at there: who holds a uid at an epoch is followed from there on.
fn plan(stops: Vec<Stop>) -> Vec<Planned> {
    let mut coldkeys: Arc<BTreeSet<Coldkey>> = Arc::default();
    let mut plan = Vec::with_capacity(stops.len());
    for stop in stops {
        if let StopSort::Epoch { neurons, .. } = &stop.sort
            && neurons.iter().any(|neuron| !coldkeys.contains(&neuron.coldkey))
        {
            Arc::make_mut(&mut coldkeys).extend(neurons.iter().map(|neuron| neuron.coldkey));
        }
        plan.push(Planned { stop, coldkeys: Arc::clone(&coldkeys) });
    }
    plan
}

/// Stops that are prepared while others are taken in.
struct Ahead<S: Stream> {
    prepared: S,
    ready: VecDeque<S::Item>,
}

impl<S: Stream + Unpin> Ahead<S> {
    async fn next(&mut self) -> Option<S::Item> {
        match self.ready.pop_front() {
            Some(next) => Some(next),
            None => self.prepared.next().await,
        }
    }

    /// Goes on preparing while something else is done.
    async fn beside<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(done);
            }
            while self.ready.len() < STOPS_AHEAD
                && let Poll::Ready(Some(next)) = self.prepared.poll_next_unpin(context)
            {
                self.ready.push_back(next);
            }
            Poll::Pending
        })
        .await
    }
}

/// Reads ahead, knowing nothing of the ledger but whom to look at.
struct Reader<'a> {
    search: Search<'a>,
    in_flight: usize,
    /// Where the interval begins in which the record stands.
    begun: BlockNumber,
    /// What to expect of the next states; only the number of requests depends on it.
    expected: Mutex<Roster>,
    /// Whom to look at besides: who became a holder by a swap. Whoever is not looked at here is later.
    followed: Mutex<BTreeSet<Coldkey>>,
}

/// What was read of a stop: the end of the interval before it, and itself, where it needed reading.
type Ends = (Stop, Option<View>, Option<View>);

impl Reader<'_> {
    /// Reads stops and the intervals before them; the first interval begins at `low`.
    fn prepare(
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
    fn follow(&self, holders: BTreeSet<Coldkey>) {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner).extend(holders);
    }

    /// Reads a stop, and the end of what is read on from `from`, in the interval that began at `since`.
    async fn ends(
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
        if let StopSort::Epoch { neurons: known, edge, .. } = &stop.sort {
            neurons = NeuronsAsk::Yes;
            expected.neurons = known.to_vec();
            known_edge = Some(*edge);
        }
        let last = matches!(stop.sort, StopSort::Last);
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
    async fn edge(
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

    async fn view(&self, number: BlockNumber, ask: &Ask) -> Result<View, ChainError> {
        self.note(self.search.view(number, ask).await?)
    }

    /// Expects of the next states what was found in this one.
    fn note(&self, view: View) -> Result<View, ChainError> {
        let mut expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        expected.positions.extend(view.state.traces.positions.keys());
        Ok(view)
    }

    fn expected(&self) -> Roster {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A view with what it lacks of the positions of `coldkeys`.
    async fn complete(
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
