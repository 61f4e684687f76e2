//! Whether the positions worked out from storage are what the runtime itself says: compared for every
//! position when a runtime is first met, and for each at least once a day of blocks from then on. Once it
//! says otherwise its own word is taken, and what was recorded by its storage is to be read again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::try_join;
use vesting_core::ports::{ChainError, SubnetState};
use vesting_core::{BlockNumber, Coldkey, NetUid, PositionKey, Rao};

use crate::stake::locks::Told;
use crate::stake::positions;
use crate::state::runtime_api::RuntimeApi;

/// Blocks within which every position is compared.
const DAY: u64 = 7_200;
/// Blocks after which a position is due again. Less than a day, since it is compared at the next epoch only.
const ROUND: u64 = 6_480;
/// Comparisons remembered of a runtime on a subnet: of more than a day, also while many epochs are read at
/// once.
const REMEMBERED: usize = 1_024;

/// A disagreement between a runtime's storage, as it is read here, and its own answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    /// The runtime.
    pub spec_version: u32,
    /// The block in whose state it showed.
    pub block: BlockNumber,
    /// The subnet.
    pub netuid: NetUid,
    /// The position.
    pub key: PositionKey,
    /// What its storage was taken to say.
    pub storage: Rao,
    /// What the runtime says.
    pub runtime: Rao,
}

impl std::fmt::Display for Disagreement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "spec {} says that hotkey {} of coldkey {} has {} rao on subnet {} at block {}, its storage was taken to say {}; from here on the runtime is asked for every position, which is slower",
            self.spec_version,
            self.key.hotkey,
            self.key.coldkey,
            self.runtime,
            self.netuid,
            self.block,
            self.storage
        )
    }
}

/// How positions are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Path {
    /// From storage.
    Storage,
    /// From storage and by the runtime's own word, which must say the same: the runtime contradicted its
    /// storage, but this subnet was recorded by that so far.
    Both,
    /// By the runtime's own word.
    Runtime,
}

/// A runtime on a subnet.
type Pair = (u32, NetUid);

/// What is known of a runtime on a subnet.
#[derive(Default)]
struct Record {
    /// Blocks in whose state every position was compared, and was the same.
    whole: BTreeSet<BlockNumber>,
    /// Blocks in whose state those positions were the same that were due since an earlier block.
    parts: BTreeMap<BlockNumber, BlockNumber>,
    /// Coldkeys of which the runtime counts more or less than the positions they are asked for, which agree
    /// each.
    odd: BTreeSet<Coldkey>,
    /// Since the storage was contradicted: up to where it is known to have been right, until the record was
    /// taken back.
    owed: Option<(BlockNumber, Option<BlockNumber>)>,
    /// Its own word is taken, and nothing that was recorded by its storage is wrong any more.
    switched: bool,
}

impl Record {
    /// The last block up to which every position is known to have been the same, as seen from `block`, with
    /// what was due since `since` not compared yet.
    fn agreed(&self, block: BlockNumber, since: BlockNumber) -> Option<BlockNumber> {
        let whole = self.whole.range(..=block).next_back().copied();
        // Without a gap for a day, each position was compared within it.
        let Some(day) = block.0.checked_sub(DAY).map(BlockNumber).filter(|day| since > *day) else {
            return whole;
        };
        let mut reached = since;
        while reached > day {
            match self.parts.get(&reached) {
                Some(before) if *before < reached => reached = *before,
                _ => return whole,
            }
        }
        Some(whole.map_or(day, |whole| whole.max(day)))
    }

    fn note(&mut self, block: BlockNumber, since: BlockNumber) {
        self.parts.insert(block, since);
        while self.parts.len() > REMEMBERED {
            self.parts.pop_first();
        }
        while self.whole.len() > REMEMBERED {
            self.whole.pop_first();
        }
    }
}

#[derive(Default)]
struct Known {
    /// The first disagreement of each runtime.
    broken: BTreeMap<u32, Disagreement>,
    pairs: BTreeMap<Pair, Record>,
}

/// What is known so far.
#[derive(Default)]
pub(crate) struct Trust {
    known: Mutex<Known>,
    /// Held while a runtime is met, so that of many reads at once one compares everything.
    meeting: Mutex<BTreeMap<Pair, Arc<tokio::sync::Mutex<()>>>>,
}

/// One read of positions.
pub(crate) struct Comparison<'a> {
    pub(crate) api: RuntimeApi<'a>,
    pub(crate) netuid: NetUid,
    /// The epoch before.
    pub(crate) since: BlockNumber,
    /// Whose positions, and which they may have.
    pub(crate) coldkeys: &'a BTreeSet<Coldkey>,
    pub(crate) pairs: &'a BTreeSet<PositionKey>,
    pub(crate) state: &'a SubnetState,
    /// What the runtime says of each coldkey, where it tells.
    pub(crate) told: Option<&'a Told>,
}

impl Trust {
    fn known(&self) -> MutexGuard<'_, Known> {
        // No step in between leaves it half changed.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The disagreements found.
    pub(crate) fn disagreements(&self) -> Vec<Disagreement> {
        self.known().broken.values().cloned().collect()
    }

    /// How positions are to be read in the state of a block.
    pub(crate) fn path(&self, spec_version: u32, netuid: NetUid) -> Result<Path, ChainError> {
        let known = self.known();
        if !known.broken.contains_key(&spec_version) {
            return Ok(Path::Storage);
        }
        match known.pairs.get(&(spec_version, netuid)) {
            Some(Record { owed: Some((block, agreed)), .. }) => {
                Err(contradicted((spec_version, netuid), *block, *agreed))
            }
            Some(Record { switched: true, .. }) => Ok(Path::Runtime),
            _ => Ok(Path::Both),
        }
    }

    /// Whether a runtime was met on a subnet.
    pub(crate) fn is_met(&self, spec_version: u32, netuid: NetUid) -> bool {
        self.known().pairs.get(&(spec_version, netuid)).is_some_and(|record| !record.whole.is_empty())
    }

    /// The record was taken back: its own word goes into it from here on.
    pub(crate) fn taken_back(&self, spec_version: u32, netuid: NetUid) {
        let mut known = self.known();
        let record = known.pairs.entry((spec_version, netuid)).or_default();
        record.owed = None;
        record.switched = true;
    }

    /// Waits for whoever meets a runtime, and keeps others from it.
    pub(crate) async fn meet(&self, spec_version: u32, netuid: NetUid) -> tokio::sync::OwnedMutexGuard<()> {
        let gate = {
            let mut meeting = self.meeting.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(meeting.entry((spec_version, netuid)).or_default())
        };
        gate.lock_owned().await
    }

    /// Compares positions worked out from storage with the runtime's own answer: all of them, or those that
    /// are due.
    pub(crate) async fn compare(&self, read: &Comparison<'_>, all: bool) -> Result<(), ChainError> {
        let Comparison { api, netuid, since, state, .. } = read;
        let pair = (api.runtime.spec_version(), *netuid);
        // Where the code was just upgraded, its answers are not the block's.
        if all && !api.is_maker().await? {
            return Ok(());
        }
        let odd = self.known().pairs.get(&pair).map(|record| record.odd.clone()).unwrap_or_default();
        let (asked, unexplained) = read.asked(&odd, all);
        let answers = api.alphas(*netuid, &asked).await?;
        for (key, runtime) in asked.into_iter().zip(answers) {
            let storage = state.positions.get(&key).copied().unwrap_or_default();
            if storage == runtime {
                continue;
            }
            if !api.is_maker().await? {
                return Ok(());
            }
            stands(api, *netuid, key, (storage, runtime)).await?;
            return Err(self.contradict(pair, api.number, *since, key, (storage, runtime)));
        }
        let mut known = self.known();
        let record = known.pairs.entry(pair).or_default();
        record.odd.extend(unexplained);
        if all {
            record.whole.insert(api.number);
        }
        record.note(api.number, *since);
        Ok(())
    }

    /// Compares what storage says with what the runtime was asked for anyway, once its word is taken. With
    /// `since` these are the positions of every holder, and the epoch before was there. False where the
    /// answers are not those of the runtime that made the block.
    pub(crate) async fn settle(
        &self,
        api: &RuntimeApi<'_>,
        netuid: NetUid,
        since: Option<BlockNumber>,
        storage: &BTreeMap<PositionKey, Rao>,
        runtime: &BTreeMap<PositionKey, Rao>,
    ) -> Result<bool, ChainError> {
        let pair = (api.runtime.spec_version(), netuid);
        let of =
            |positions: &BTreeMap<PositionKey, Rao>, key| positions.get(key).copied().unwrap_or_default();
        let differs = storage.keys().chain(runtime.keys()).find(|key| of(storage, key) != of(runtime, key));
        if let Some(key) = differs {
            if !api.is_maker().await? {
                return Ok(false);
            }
            let said = (of(storage, key), of(runtime, key));
            stands(api, netuid, *key, said).await?;
            return Err(self.contradict(pair, api.number, since.unwrap_or(api.number), *key, said));
        }
        if since.is_some() {
            self.known().pairs.entry(pair).or_default().switched = true;
        }
        Ok(true)
    }

    /// Notes a disagreement; gives what is to be done about it.
    fn contradict(
        &self,
        (spec_version, netuid): Pair,
        block: BlockNumber,
        since: BlockNumber,
        key: PositionKey,
        (storage, runtime): (Rao, Rao),
    ) -> ChainError {
        let mut known = self.known();
        let found = Disagreement { spec_version, block, netuid, key, storage, runtime };
        tracing::error!("degraded: {found}");
        known.broken.entry(spec_version).or_insert(found);
        let record = known.pairs.entry((spec_version, netuid)).or_default();
        let agreed = record.agreed(block, since);
        if record.switched {
            // Nobody waits for a read that was begun before the record was taken back.
            return contradicted((spec_version, netuid), block, agreed);
        }
        // Reads that were under way together find the same.
        let agreed = match record.owed {
            Some((_, before)) => before.min(agreed),
            None => agreed,
        };
        record.owed = Some((block, agreed));
        contradicted((spec_version, netuid), block, agreed)
    }
}

/// Whether storage and the runtime say the same of a position as before when both are asked again: one wrong
/// answer is no contradiction.
async fn stands(
    api: &RuntimeApi<'_>,
    netuid: NetUid,
    key: PositionKey,
    (storage, runtime): (Rao, Rao),
) -> Result<(), ChainError> {
    let again = try_join(positions::alpha(api.storage(), netuid, key), api.alphas(netuid, &[key])).await?;
    if again == (storage, vec![runtime]) {
        Ok(())
    } else {
        Err(api.storage().differs(format_args!("hotkey {} of coldkey {}", key.hotkey, key.coldkey)))
    }
}

fn contradicted((spec_version, netuid): Pair, block: BlockNumber, agreed: Option<BlockNumber>) -> ChainError {
    ChainError::Contradicted { netuid, spec_version, block, agreed }
}

impl Comparison<'_> {
    /// The positions that the runtime is asked for one by one, and the coldkeys of which it counts another
    /// sum than storage tells.
    fn asked(&self, odd: &BTreeSet<Coldkey>, all: bool) -> (Vec<PositionKey>, BTreeSet<Coldkey>) {
        let shares = |key: &PositionKey| {
            self.state.traces.positions.get(key).is_some_and(|trace| !trace.shares.0.is_empty())
        };
        let held = |key: &PositionKey| self.state.positions.contains_key(key) || shares(key);
        let mut by_coldkey: BTreeMap<Coldkey, Vec<PositionKey>> = BTreeMap::new();
        for key in self.pairs {
            by_coldkey.entry(key.coldkey).or_default().push(*key);
        }
        let (mut asked, mut unexplained) = (Vec::new(), BTreeSet::new());
        for coldkey in self.coldkeys {
            let keys = by_coldkey.remove(coldkey).unwrap_or_default();
            let due = all || is_due(coldkey, self.since, self.api.number);
            let due = keys.iter().filter(|key| due && held(key)).copied();
            match self.told.filter(|_| !odd.contains(coldkey)) {
                None => asked.extend(due),
                // What one of them has too little, another one has too much, or the runtime counts some that
                // are not here.
                Some(told) if told.total(coldkey) != sum(&keys, &self.state.positions) => {
                    unexplained.insert(*coldkey);
                    asked.extend(keys);
                }
                // Where the sum is right, and all but one of what it is made of, so is that one.
                Some(_) => asked.extend(due.skip(1)),
            }
        }
        (asked, unexplained)
    }
}

/// What these positions have together.
fn sum(keys: &[PositionKey], positions: &BTreeMap<PositionKey, Rao>) -> Rao {
    Rao(keys.iter().filter_map(|key| positions.get(key)).fold(0u64, |sum, alpha| sum.saturating_add(alpha.0)))
}

/// Of all coldkeys one in nine is due since this block: a sample that is another one some blocks later.
pub(crate) fn some_since(block: BlockNumber) -> BlockNumber {
    BlockNumber(block.0.saturating_sub(ROUND / 9))
}

/// Whether a coldkey's positions are to be compared at an epoch's block, where the epoch before was `since`:
/// its turn comes every round, in a block of its own, and they are compared at the first epoch from there on.
/// Where epochs are far apart they are compared at the one before, so that a day never passes.
fn is_due(coldkey: &Coldkey, since: BlockNumber, block: BlockNumber) -> bool {
    let span = block.0.saturating_sub(since.0);
    let last = block.0.saturating_add(span.saturating_sub(DAY - ROUND));
    // Keys are as good as random.
    let turn = coldkey.0.iter().take(8).fold(0u64, |number, byte| (number << 8) | u64::from(*byte)) % ROUND;
    // Turns up to a block, counted from one that was before all.
    let turns = |block: u64| block.saturating_add(ROUND - turn) / ROUND;
    turns(last) > turns(since.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u64) -> Coldkey {
        let mut key = [7; 32];
        key[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        Coldkey(key)
    }

    #[test]
    fn no_day_of_blocks_passes_without_a_position_being_compared() {
        for span in [1, 10, 99, 360, 361, 700, 720, 721, 1_000, 2_000, 5_000, 6_000] {
            for n in 0..200 {
                let (key, mut compared, mut count) = (key(n), 20_000, 0);
                let mut block = 20_000;
                while block < 120_000 {
                    let since = BlockNumber(block);
                    block += span;
                    if is_due(&key, since, BlockNumber(block)) {
                        // Nothing shows between two epochs, however far apart.
                        assert!(block - compared <= DAY.max(span), "every {span}: {compared}, then {block}");
                        (compared, count) = (block, count + 1);
                    }
                }
                assert!(count >= 13 && (span > 720 || count <= 16), "every {span}: {count} times");
            }
        }
        // Whatever was long ago, all of it is.
        assert!((0..50).all(|n| is_due(&key(n), BlockNumber(0), BlockNumber(9_000_000))));
        assert!((0..50).all(|n| is_due(&key(n), BlockNumber(1_000), BlockNumber(1_000 + ROUND))));
    }

    #[test]
    fn turns_are_spread_over_the_round() {
        let due = |since: u64| {
            (0..648).filter(|n| is_due(&key(*n), BlockNumber(since), BlockNumber(since + 360))).count()
        };
        let all: Vec<usize> = (0..18).map(|epoch| due(36_000 + epoch * 360)).collect();
        assert_eq!(all.iter().sum::<usize>(), 648);
        assert!(all.iter().all(|due| (10..=80).contains(due)), "{all:?}");
    }

    #[test]
    fn what_is_read_again_goes_back_to_the_first_agreement_and_not_beyond_a_day() {
        let block = BlockNumber;
        let mut record = Record::default();
        assert_eq!(
            [record.agreed(block(100), block(0)), record.agreed(block(9_000), block(0))],
            [None, None]
        );
        record.whole.insert(block(1_000));
        record.note(block(1_000), block(700));
        assert_eq!(record.agreed(block(990), block(700)), None, "it was agreed later");
        for epoch in 1..60 {
            let (since, now) = (block(1_000 + (epoch - 1) * 300), block(1_000 + epoch * 300));
            let agreed = record.agreed(now, since);
            // Without a gap since the first, only the last day can be wrong.
            let expected = if now.0 >= 1_000 + DAY { block(now.0 - DAY) } else { block(1_000) };
            assert_eq!(agreed, Some(expected), "at {now}");
            record.note(now, since);
        }
        // With a gap only the first agreement tells.
        record.parts.remove(&block(1_000 + 50 * 300));
        assert_eq!(record.agreed(block(1_000 + 60 * 300), block(1_000 + 59 * 300)), Some(block(1_000)));
    }
}
