//! `BlockchainMonitor`: takes finalized blocks in order into the ledgers of the subnets it follows.
//!
//! Its own watermark in the store is the truth: after any gap or restart it goes on from there, and
//! an epoch's interval is measured at B₁ and B₂−1 only, so following and catching up write the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::ports::{Ask, ChainError, ChainPort, OwnWord, ReadChain, StakeStore, SubnetAsk};
use crate::record::agreed::{agreed_block, agreed_glance};
use crate::record::catch_up::CatchUp;
use crate::record::classified_block::ClassifiedBlock;
use crate::record::doubt::Doubts;
use crate::record::error::MonitorError;
use crate::record::load::load;
use crate::record::plan::BlockPlan;
use crate::record::progress::Progress;
use crate::record::recorded::Recorded;
use crate::record::recorder::Recorder;
use crate::record::states_around::{StatesAround, of_coldkeys};
use crate::record::subnet_ledger::SubnetLedger;
use crate::record::take_back::take_back;
use crate::units::{BlockNumber, NetUid};

/// Blocks behind the head beyond which following is catching up.
const FAR_BEHIND: u64 = 16;

/// As often at most what does not fit is read again at once.
const DOUBTS: u32 = 8;

/// As often it goes on at once after a wrong answer, without getting on in between.
const MISREADINGS: u32 = 3;

/// Blocks fetched before they are taken in.
const BLOCKS_AHEAD: u64 = 256;

/// How blocks are read, and how many share a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Every block, one a transaction.
    Following,
    /// Every block; an epoch with the blocks that lead to it (or this many blocks) is one transaction.
    EveryBlock {
        /// The most blocks in one transaction.
        blocks_per_commit: u32,
    },
    /// Only the blocks in which something happened; an epoch with what led to it is one transaction.
    CatchingUp,
}

/// Follows the stake of subnets on the chain.
pub struct BlockchainMonitor {
    chain: Arc<dyn ChainPort>,
    store: Arc<dyn StakeStore>,
    ledgers: BTreeMap<NetUid, SubnetLedger>,
    /// Whether ledgers may have taken in what the store did not, so that they are to be taken up from it
    /// again: after a failure, and after a future that was dropped half-way.
    stale: bool,
    /// Where records that were taken back to nothing began, and begin again.
    began: BTreeMap<NetUid, BlockNumber>,
    /// What did not fit the last time.
    doubts: Doubts,
    in_flight: usize,
}

impl BlockchainMonitor {
    /// Takes up the record of `netuids`, checking that the store belongs to the chain.
    ///
    /// # Errors
    /// When the chain or the store cannot be read, or they do not belong together.
    pub async fn open(
        chain: Arc<dyn ChainPort>,
        store: Arc<dyn StakeStore>,
        netuids: &[NetUid],
        in_flight: usize,
    ) -> Result<Self, MonitorError> {
        let genesis = chain.genesis().await?;
        store.bind_chain(genesis).await?;
        let mut monitor = Self {
            chain,
            store,
            ledgers: BTreeMap::new(),
            stale: false,
            began: BTreeMap::new(),
            doubts: Doubts::default(),
            in_flight: in_flight.max(1),
        };
        for netuid in netuids {
            monitor.reload(*netuid).await?;
        }
        monitor.check_forks().await?;
        Ok(monitor)
    }

    /// The record's last block must be on the chain.
    async fn check_forks(&self) -> Result<(), MonitorError> {
        for ledger in self.ledgers.values() {
            let Some(watermark) = ledger.watermark() else { continue };
            let stands_at = watermark.block;
            match agreed_glance(self.chain.as_ref(), stands_at.number, &[]).await {
                Ok(facts) if facts.block == stands_at => {}
                // A node that is behind us says nothing about the fork.
                Err(ChainError::NoSuchBlock(_) | ChainError::Pruned { .. }) => {}
                Ok(facts) => return Err(MonitorError::Fork { block: facts.block.number, stands_at }),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    async fn reload(&mut self, netuid: NetUid) -> Result<(), MonitorError> {
        self.ledgers.insert(netuid, load(self.store.as_ref(), netuid).await?);
        Ok(())
    }

    /// The chain.
    #[must_use]
    pub fn chain(&self) -> &Arc<dyn ChainPort> {
        &self.chain
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn StakeStore> {
        &self.store
    }

    /// The ledgers, by subnet.
    #[must_use]
    pub fn ledgers(&self) -> &BTreeMap<NetUid, SubnetLedger> {
        &self.ledgers
    }

    /// The pace at which to go on to `to`, with new records beginning at `first`: that of a follower where it
    /// is near.
    #[must_use]
    pub fn pace(&self, first: BlockNumber, to: BlockNumber) -> Pace {
        let behind = to.0.saturating_sub(self.stands_at(first).0);
        if behind > FAR_BEHIND { Pace::CatchingUp } else { Pace::Following }
    }

    /// Where a record begins that there is none of yet: at `first`, unless it was taken back to nothing.
    fn begins(&self, ledger: &SubnetLedger, first: BlockNumber) -> BlockNumber {
        self.began.get(&ledger.netuid()).copied().unwrap_or(first)
    }

    /// The block up to which every subnet is recorded, with new records beginning at `first`.
    fn stands_at(&self, first: BlockNumber) -> BlockNumber {
        let reached = |ledger: &SubnetLedger| {
            ledger.watermark().map_or(self.begins(ledger, first).parent(), |w| w.block.number)
        };
        self.ledgers.values().map(reached).min().unwrap_or(first.parent())
    }

    /// Takes in every block up to `to`, from the watermark of each subnet or, where there is no record, from
    /// `first`. Blocks are fetched several at a time and taken in order. Where a runtime turns out to
    /// contradict its storage, what that bears on is [read again](ChainError::Contradicted), once a runtime
    /// and subnet.
    ///
    /// # Errors
    /// As [`MonitorError`] says; what was committed stays, and a later call goes on from there.
    pub async fn advance(
        &mut self,
        first: BlockNumber,
        to: BlockNumber,
        pace: Pace,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), MonitorError> {
        let mut corrected = BTreeSet::new();
        let mut doubted = BTreeMap::new();
        let (mut misread, mut stood_at) = (0, None);
        loop {
            self.refresh().await?;
            if stood_at != Some(self.stands_at(first)) {
                (misread, stood_at) = (0, Some(self.stands_at(first)));
            }
            self.stale = true;
            let done = self.advance_blocks(first, to, pace, progress).await;
            match self.after(done).await {
                Err(MonitorError::Chain(ChainError::Malformed(_))) if misread < MISREADINGS => misread += 1,
                Err(MonitorError::Doubtful(doubt)) => {
                    let times: &mut u32 = doubted.entry((doubt.netuid, doubt.from)).or_default();
                    if *times >= DOUBTS {
                        return Err(MonitorError::Doubtful(doubt));
                    }
                    *times += 1;
                    match self.take_back(doubt.netuid, doubt.from).await {
                        // Where it cannot be read again, the rest of it can.
                        Ok(_) | Err(MonitorError::Chain(ChainError::Pruned { .. })) => {}
                        Err(error) => return Err(error),
                    }
                }
                Err(MonitorError::Chain(why @ ChainError::Contradicted { netuid, spec_version, .. }))
                    if corrected.insert((netuid, spec_version)) =>
                {
                    self.correct(why).await?;
                }
                done => return done,
            }
        }
    }

    /// Takes a record back as [`ChainError::Contradicted`] demands, so that it is read again. Where the state
    /// for that is not there any more, the record stays, and so does the error.
    async fn correct(&mut self, why: ChainError) -> Result<(), MonitorError> {
        let ChainError::Contradicted { netuid, spec_version, agreed, .. } = why else {
            return Err(why.into());
        };
        let back = async {
            let to = match agreed {
                Some(agreed) => agreed,
                None => self.last_right(netuid, spec_version).await?,
            };
            self.take_back(netuid, to).await
        };
        match back.await {
            Ok(_) => {
                self.chain.taken_back(netuid, spec_version).await;
                Ok(())
            }
            Err(MonitorError::Chain(ChainError::Pruned { .. })) => Err(why.into()),
            Err(error) => Err(error),
        }
    }

    /// The last epoch of a record up to which nothing was recorded wrong by the storage of a runtime, as far
    /// as that can be told without having compared the two: the record's last epoch, where that has what the
    /// runtime itself says of every position (then an earlier process has seen it contradict its storage), or
    /// the last one that an older runtime made; block 0 without either.
    async fn last_right(&self, netuid: NetUid, spec_version: u32) -> Result<BlockNumber, MonitorError> {
        let (Some(record), Some(ledger)) = (self.store.watermark(netuid).await?, self.ledgers.get(&netuid))
        else {
            return Ok(BlockNumber(0));
        };
        let epochs = self.store.epoch_list(netuid, record.first_block, record.block.number).await?;
        let Some(last) = epochs.last().map(|epoch| epoch.block.number) else { return Ok(BlockNumber(0)) };
        let ask = SubnetAsk {
            own_word: OwnWord::Instead,
            ..SubnetAsk::positions(ledger.holders(), ledger.roster())
        };
        let own_word = self.chain.subnet(last, netuid, ask).await?.positions;
        let mut recorded = self.store.positions_at(netuid, last).await?;
        // Who became a holder later is not recorded there.
        let holders: BTreeSet<_> = self
            .store
            .holders(netuid)
            .await?
            .into_iter()
            .filter(|h| h.since < last)
            .map(|h| h.coldkey)
            .collect();
        recorded.retain(|key, _| holders.contains(&key.coldkey));
        if of_coldkeys(&own_word, &holders) == recorded {
            return Ok(last);
        }
        let (mut older, mut rest) = (BlockNumber(0), epochs.as_slice());
        while let Some(middle) = rest.get(rest.len() / 2) {
            let number = middle.block.number;
            let (before, after) = rest.split_at(rest.len() / 2);
            // Versions only grow.
            if self.chain.glance(number, &[netuid]).await?.spec_version < spec_version {
                (older, rest) = (number, after.get(1..).unwrap_or_default());
            } else {
                rest = before;
            }
        }
        Ok(older)
    }

    /// Takes up from the store what may differ from it.
    async fn refresh(&mut self) -> Result<(), MonitorError> {
        if self.stale {
            let netuids: Vec<NetUid> = self.ledgers.keys().copied().collect();
            for netuid in netuids {
                self.reload(netuid).await?;
            }
            self.stale = false;
        }
        Ok(())
    }

    /// Ends something that changed ledgers. What was taken in but not committed is forgotten, so that the
    /// store is the truth again.
    async fn after(&mut self, done: Result<(), MonitorError>) -> Result<(), MonitorError> {
        if done.is_ok() {
            self.stale = false;
            return done;
        }
        match self.refresh().await {
            // What does not pass outweighs what may.
            Err(error) if !error.is_passing() => Err(error),
            _ => done,
        }
    }

    async fn advance_blocks(
        &mut self,
        first: BlockNumber,
        to: BlockNumber,
        pace: Pace,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), MonitorError> {
        let first = BlockNumber(first.0.max(1));
        if pace == Pace::CatchingUp {
            return self.catch_up(first, to, progress).await;
        }
        let began = self.began.clone();
        let begins = |ledger: &SubnetLedger| began.get(&ledger.netuid()).copied().unwrap_or(first);
        let next =
            |ledger: &SubnetLedger| ledger.watermark().map_or(begins(ledger), |w| w.block.number.child());
        let Some(from) = self.ledgers.values().map(next).min() else { return Ok(()) };
        let netuids: Arc<[NetUid]> = self.ledgers.keys().copied().collect();
        let mut state = Progress { block: from.parent(), to, epochs: 0, operations: 0, entries: 0 };
        let mut next_block = from;
        while next_block <= to {
            let last = BlockNumber(next_block.0.saturating_add(BLOCKS_AHEAD - 1).min(to.0));
            for block in self.fetch(next_block, last, &netuids).await? {
                let facts = &block.facts;
                let behind: Vec<NetUid> = self
                    .ledgers
                    .values()
                    .filter(|ledger| next(ledger) <= facts.block.number)
                    .map(SubnetLedger::netuid)
                    .collect();
                let recorded = self.take(&behind, &block, pace).await?;
                state.add(recorded);
                state.block = facts.block.number;
                progress(state);
            }
            next_block = last.child();
        }
        for netuid in netuids.iter() {
            self.commit(*netuid).await?;
        }
        Ok(())
    }

    /// Takes in only the blocks in which something happened, one subnet after the other.
    async fn catch_up(
        &mut self,
        first: BlockNumber,
        to: BlockNumber,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), MonitorError> {
        let mut state = Progress { block: first.parent(), to, epochs: 0, operations: 0, entries: 0 };
        for ledger in self.ledgers.values_mut() {
            let first = self.began.get(&ledger.netuid()).copied().unwrap_or(first);
            CatchUp {
                chain: self.chain.as_ref(),
                store: self.store.as_ref(),
                ledger,
                doubts: &mut self.doubts,
                in_flight: self.in_flight,
                state: &mut state,
                progress,
            }
            .run(first, to)
            .await?;
        }
        Ok(())
    }

    /// Fetches a run of blocks, several at a time. All of it, before any is taken in: a fetch left
    /// half done while a ledger asks for more would hold on to the places it waits for.
    async fn fetch(
        &self,
        from: BlockNumber,
        to: BlockNumber,
        netuids: &Arc<[NetUid]>,
    ) -> Result<Vec<ClassifiedBlock>, ChainError> {
        stream::iter(from.0..=to.0)
            .map(|number| {
                let (chain, netuids, number) =
                    (Arc::clone(&self.chain), Arc::clone(netuids), BlockNumber(number));
                async move {
                    let block = ClassifiedBlock::new(chain.next_block(number, &netuids).await?, &netuids);
                    if !self.ledgers.values().any(|ledger| block.leaves_a_trace(ledger)) {
                        return Ok(block);
                    }
                    let agreed = agreed_block(chain.as_ref(), number, &netuids, Some(block.facts.clone()));
                    let facts = agreed.await?;
                    if facts == block.facts { Ok(block) } else { Ok(ClassifiedBlock::new(facts, &netuids)) }
                }
            })
            .buffered(self.in_flight)
            .try_collect()
            .await
    }

    /// Takes one block into these ledgers, and commits where it is due. What must be read around the
    /// block is read for all of them at once.
    async fn take(
        &mut self,
        netuids: &[NetUid],
        block: &ClassifiedBlock,
        pace: Pace,
    ) -> Result<Recorded, MonitorError> {
        let number = block.facts.block.number;
        let mut plans: BTreeMap<NetUid, BlockPlan<'_>> = BTreeMap::new();
        for (netuid, flows) in &block.flows {
            if let Some(ledger) = self.ledgers.get(netuid).filter(|_| netuids.contains(netuid)) {
                plans.insert(*netuid, BlockPlan::new(ledger, &block.facts, flows));
            }
        }
        let subnets = plans.iter().filter_map(|(netuid, plan)| Some((*netuid, plan.ask.clone()?))).collect();
        let ask = Ask { subnets, ..Ask::default() };
        let (mut before, mut after, mut parent) = (BTreeMap::new(), BTreeMap::new(), None);
        if !ask.subnets.is_empty() {
            let read = self.chain.read(number.parent(), &ask).await?;
            parent = Some((read.facts.block, read.facts.time));
            before = read.subnets;
            after = self.chain.read(number, &ask.after()).await?.subnets;
        }
        let mut all = Recorded::default();
        for (netuid, plan) in plans {
            let Some(ledger) = self.ledgers.get_mut(&netuid) else { continue };
            let (before, after) =
                (before.remove(&netuid).unwrap_or_default(), after.remove(&netuid).unwrap_or_default());
            let around = StatesAround { before, after, parent };
            let mut recorder =
                Recorder::of_every_block(self.chain.as_ref(), self.store.as_ref(), ledger, &mut self.doubts);
            all.add(recorder.take(&plan, around).await?);
            let due = match pace {
                Pace::EveryBlock { blocks_per_commit } => {
                    ledger.has_boundary() || ledger.pending_blocks() >= blocks_per_commit
                }
                Pace::Following | Pace::CatchingUp => true,
            };
            if due {
                self.commit(netuid).await?;
            }
        }
        Ok(all)
    }

    /// Follows the finalized head: catches up to it, waits for the next, and so on until `until` is in
    /// the store (or for ever). `wake` hears of every head reached; dropping the future stops at once
    /// with nothing half done, since every block is one transaction.
    ///
    /// # Errors
    /// As [`MonitorError`] says; a later call goes on from the watermark.
    pub async fn follow(
        &mut self,
        first: BlockNumber,
        until: Option<BlockNumber>,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), MonitorError> {
        let mut all = Progress { block: first.parent(), to: first, epochs: 0, operations: 0, entries: 0 };
        loop {
            self.refresh().await?;
            let done = self.stands_at(first);
            if until.is_some_and(|until| done >= until) {
                return self.observe().await;
            }
            let head = self.chain.wait_for_head_above(done).await?;
            let to = until.map_or(head.number, |until| until.min(head.number));
            let pace = self.pace(first, to);
            // Each advance counts from nothing; followers hear of all since they began.
            let mut last = all;
            let counted = &mut |state: Progress| {
                last = all.plus(state);
                progress(last);
            };
            self.advance(first, to, pace, counted).await?;
            all = last;
        }
    }

    /// Takes a subnet's record back to the end of its last epoch at or before `to`, so that what came after
    /// is read again. Without such an epoch it is taken back to nothing, and begins again at the block where
    /// it began. Gives the block at which it stands then.
    ///
    /// # Errors
    /// [`ChainError::Pruned`] where the chain does not have the state any more from which it would go on, and
    /// [`MonitorError::Fork`] where it has another block there; then, as after every other error of the
    /// chain, the record is as it was.
    pub async fn take_back(
        &mut self,
        netuid: NetUid,
        to: BlockNumber,
    ) -> Result<Option<BlockNumber>, MonitorError> {
        let stale = std::mem::replace(&mut self.stale, true);
        let Some(taken) = take_back(self.chain.as_ref(), self.store.as_ref(), netuid, to).await? else {
            self.stale = stale;
            return Ok(None);
        };
        if taken.to.is_none() {
            self.began.insert(netuid, taken.first_block);
        }
        self.refresh().await?;
        Ok(taken.to.map(|block| block.number))
    }

    async fn commit(&mut self, netuid: NetUid) -> Result<(), MonitorError> {
        let Some(ledger) = self.ledgers.get_mut(&netuid) else { return Ok(()) };
        if let Some(commit) = ledger.take_commit() {
            self.store.commit(&commit).await?;
            ledger.let_go();
        }
        Ok(())
    }

    /// Reads every holder's positions at the watermark, so that the record knows every balance there.
    ///
    /// # Errors
    /// When the chain or the store cannot be read or written.
    pub async fn observe(&mut self) -> Result<(), MonitorError> {
        self.refresh().await?;
        self.stale = true;
        let done = self.observe_all().await;
        self.after(done).await
    }

    async fn observe_all(&mut self) -> Result<(), MonitorError> {
        for (netuid, ledger) in &mut self.ledgers {
            let Some(watermark) = ledger.watermark() else { continue };
            if watermark.observed == watermark.block.number || ledger.pending_blocks() > 0 {
                continue;
            }
            let ask = SubnetAsk { recorded: true, ..SubnetAsk::positions(ledger.holders(), ledger.roster()) };
            let positions = self.chain.subnet(watermark.block.number, *netuid, ask).await?.positions;
            let mut recorder =
                Recorder::of_every_block(self.chain.as_ref(), self.store.as_ref(), ledger, &mut self.doubts);
            let rows = recorder.observe(&positions).await?;
            self.store.observe(*netuid, watermark.block, &rows, ledger.interval()).await?;
        }
        Ok(())
    }
}
