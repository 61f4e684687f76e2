//! Catching up one subnet: stop after stop, each with the interval before it.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use futures_util::future::{join, try_join};

use super::read_ahead::ReadAhead;
use super::reader::{Prepared, Reader, plan_stops};
use super::route::{Route, StopReason};
use super::search::Search;
use crate::block::{BlockFacts, Detection, is_epoch};
use crate::flow::classify::{Flows, classify};
use crate::ports::{
    Ask, ChainError, ChainPort, Commit, OwnWord, StakeStore, StoreError, SubnetAsk, SubnetState,
};
use crate::record::agreed::agreed_block;
use crate::record::doubt::Doubts;
use crate::record::error::MonitorError;
use crate::record::load::load;
use crate::record::plan::BlockPlan;
use crate::record::progress::Progress;
use crate::record::recorder::{BlocksRead, Recorder};
use crate::record::states_around::{StatesAround, of_coldkeys};
use crate::record::subnet_ledger::SubnetLedger;
use crate::units::{BlockNumber, BlockRef};

/// The number of stops after which the ledger evicts tranches that need not be in memory.
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

impl CatchUp<'_> {
    /// Records what happened after the watermark up to `to`. Without a record it begins at `first`.
    pub(crate) async fn run(mut self, first: BlockNumber, to: BlockNumber) -> Result<(), MonitorError> {
        if self.ledger.watermark().is_none() {
            if first > to {
                return Ok(());
            }
            self.record_number(first).await?;
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
        let mut ahead =
            ReadAhead { prepared: reader.prepare(low, plan_stops(stops)), ready: VecDeque::new() };
        let store = self.store;
        let (mut written, mut stops) = (None, 0u64);
        while let Some(prepared) = ahead.next().await {
            let mut stop = prepared?;
            let before = *self.state;
            // A transaction is written while the next interval is recorded.
            let writing = write(store, written.take());
            let (done, taken) = ahead.beside(join(writing, self.record_stop(&mut stop, &reader))).await;
            done?;
            let mut missed = taken?;
            while !missed.is_empty() {
                missed = ahead.beside(self.record_again(&mut stop, missed, before, &reader)).await?;
            }
            reader.follow(self.ledger.holders());
            written = self.ledger.take_commit();
            stops += 1;
            if stops % STOPS_AT_HAND == 0 {
                // Evicted tranches must be in the store in the same form.
                write(store, written.take()).await?;
                self.ledger.evict();
            }
            self.report();
        }
        write(store, written).await?;
        self.commit().await
    }

    /// Discards what was not written yet, and records a stop once more, with blocks that left no other trace.
    async fn record_again(
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
        self.record_stop(stop, reader).await
    }

    /// Records a stop with its interval. Returns the blocks that must be read for it too.
    async fn record_stop(
        &mut self,
        stop: &mut Prepared,
        reader: &Reader<'_>,
    ) -> Result<BTreeSet<BlockNumber>, MonitorError> {
        let holders = self.ledger.holders();
        if [&stop.low, &stop.high].into_iter().any(|view| !view.state.lacking(&holders).is_empty()) {
            // A coldkey became a holder by a swap after this was read.
            (stop.low, stop.high) =
                try_join(reader.complete(&stop.low, &holders), reader.complete(&stop.high, &holders)).await?;
            stop.found = reader.search.between(&stop.low, &stop.high).await?;
        }
        let found = stop.found.iter().map(|found| found.facts.block.number).collect();
        self.record_interval(stop, &found, reader).await
    }

    /// Records an interval and the stop that ends it. Returns the blocks that must be read for it too.
    async fn record_interval(
        &mut self,
        prepared: &Prepared,
        found: &BTreeSet<BlockNumber>,
        reader: &Reader<'_>,
    ) -> Result<BTreeSet<BlockNumber>, MonitorError> {
        let mut missed = BTreeSet::new();
        for found in &prepared.found {
            let parent =
                BlockRef { number: found.facts.block.number.parent(), hash: found.facts.parent_hash };
            self.ledger.advance_to(parent, found.time_before, found.spec_before);
            self.state.operations = self.state.operations.saturating_add(1);
            self.record_block(&found.facts, &found.flows, None, None).await?;
        }
        let blocks_read = BlocksRead { after: prepared.low.number(), blocks: found, missed: &mut missed };
        let edge = &prepared.high.facts;
        self.ledger.advance_to(edge.block, edge.time, edge.spec_version);
        let around = match &prepared.stop.reason {
            StopReason::Last => {
                let holders = self.ledger.holders();
                // Coldkeys that became holders in this very interval were not read yet.
                let end = reader.complete(&prepared.high, &holders).await?;
                let mut recorder = self.recorder(Some(blocks_read));
                let rows = recorder.observe(&of_coldkeys(&end.state.positions, &holders)).await?;
                self.ledger.keep_snapshots(rows);
                return Ok(missed);
            }
            StopReason::Epoch { neurons, owner, .. } => {
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
                Some(StatesAround { before, after: prepared.at.state.clone(), parent: None })
            }
            StopReason::End => Some(StatesAround {
                before: prepared.high.state.clone(),
                after: prepared.at.state.clone(),
                parent: None,
            }),
            // This block may be anything, even an epoch of a short-lived subnet.
            StopReason::Absent => None,
        };
        let facts = &prepared.at.facts;
        let flows = classify(self.ledger.netuid(), facts);
        self.record_block(facts, &flows, around, Some(blocks_read)).await?;
        Ok(missed)
    }

    /// Reads and records one block.
    async fn record_number(&mut self, number: BlockNumber) -> Result<(), MonitorError> {
        let facts = agreed_block(self.chain, number, &[self.ledger.netuid()], None).await?;
        let flows = classify(self.ledger.netuid(), &facts);
        self.record_block(&facts, &flows, None, None).await
    }

    /// Records one block. The states around it are read where they are not given.
    async fn record_block(
        &mut self,
        facts: &BlockFacts,
        flows: &Flows,
        around: Option<StatesAround>,
        blocks_read: Option<BlocksRead<'_>>,
    ) -> Result<(), MonitorError> {
        let plan = BlockPlan::new(self.ledger, facts, flows);
        let around = match around {
            Some(around) => around,
            None => read_around(self.chain, self.ledger, &plan).await?,
        };
        let recorded = self.recorder(blocks_read).record(&plan, around).await?;
        self.state.add(recorded);
        Ok(())
    }

    fn recorder<'a>(&'a mut self, blocks_read: Option<BlocksRead<'a>>) -> Recorder<'a> {
        let (chain, store) = (self.chain, self.store);
        Recorder {
            chain,
            store,
            ledger: self.ledger,
            doubts: self.doubts,
            detected: Detection::CatchUp,
            blocks_read,
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

/// Reads what the plan asks of the states before and after a block.
async fn read_around(
    chain: &dyn ChainPort,
    ledger: &SubnetLedger,
    plan: &BlockPlan<'_>,
) -> Result<StatesAround, ChainError> {
    let Some(ask) = plan.ask(ledger) else { return Ok(StatesAround::default()) };
    let (netuid, number) = (ledger.netuid(), plan.facts.block.number);
    let ask = Ask::of(netuid, ask);
    let after = ask.clone().after();
    let (mut before, mut after) =
        try_join(chain.read(number.parent(), &ask), chain.read(number, &after)).await?;
    Ok(StatesAround {
        before: before.take(netuid),
        after: after.take(netuid),
        parent: Some((before.facts.block, before.facts.time)),
    })
}

/// Writes a commit, if there is one.
async fn write(store: &dyn StakeStore, commit: Option<Commit>) -> Result<(), StoreError> {
    match commit {
        Some(commit) => store.commit(&commit).await,
        None => Ok(()),
    }
}
