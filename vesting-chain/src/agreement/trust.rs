//! Whether positions worked out from storage agree with the runtime's own answer.
//!
//! When a runtime is first met on a subnet every position is compared. From then on each is compared at least
//! once in a day of blocks. Once a runtime contradicts its storage, it is asked for every position instead,
//! and what was recorded by its storage has to be read again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::try_join;
use vesting_core::ports::ChainError;
use vesting_core::{BlockNumber, NetUid, PositionKey, Rao};

use crate::agreement::compared::Compared;
use crate::agreement::comparison::Comparison;
use crate::agreement::disagreement::Disagreement;
use crate::stake::positions;
use crate::state::reader::Reader;

/// How positions are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// From storage.
    Storage,
    /// From storage and from the runtime, which must agree: the runtime contradicted its storage elsewhere,
    /// but this subnet was recorded by storage so far.
    Both,
    /// From the runtime itself.
    Runtime,
}

/// A runtime on a subnet.
type Pair = (u32, NetUid);

/// What is known so far.
#[derive(Default)]
struct Known {
    /// The first disagreement of each runtime.
    broken: BTreeMap<u32, Disagreement>,
    compared: BTreeMap<Pair, Compared>,
}

/// Compares, and decides whether storage is trusted.
#[derive(Default)]
pub(crate) struct Trust {
    known: Mutex<Known>,
    /// Locked while a runtime is first met, so that only one of many reads at once compares everything.
    meeting: Mutex<BTreeMap<Pair, Arc<tokio::sync::Mutex<()>>>>,
}

impl Trust {
    fn known(&self) -> MutexGuard<'_, Known> {
        // A panic leaves nothing half changed.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The disagreements found.
    pub(crate) fn disagreements(&self) -> Vec<Disagreement> {
        self.known().broken.values().cloned().collect()
    }

    /// How positions are to be read in a state of this runtime.
    pub(crate) fn source(&self, spec_version: u32, netuid: NetUid) -> Result<Source, ChainError> {
        let known = self.known();
        if !known.broken.contains_key(&spec_version) {
            return Ok(Source::Storage);
        }
        match known.compared.get(&(spec_version, netuid)) {
            Some(Compared { contradicted: Some((block, agreed)), .. }) => {
                Err(contradiction((spec_version, netuid), *block, *agreed))
            }
            Some(Compared { asks_runtime: true, .. }) => Ok(Source::Runtime),
            _ => Ok(Source::Both),
        }
    }

    /// Whether a runtime was met on a subnet.
    pub(crate) fn is_met(&self, spec_version: u32, netuid: NetUid) -> bool {
        self.known().compared.get(&(spec_version, netuid)).is_some_and(|record| !record.whole.is_empty())
    }

    /// Notes that the record was taken back: from now on the runtime is asked for positions.
    pub(crate) fn taken_back(&self, spec_version: u32, netuid: NetUid) {
        let mut known = self.known();
        let record = known.compared.entry((spec_version, netuid)).or_default();
        record.contradicted = None;
        record.asks_runtime = true;
    }

    /// Locks the first comparison of a runtime on a subnet.
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
        let Comparison { reader, netuid, since, state, .. } = read;
        let api = reader.runtime_api();
        let pair = (api.runtime.spec_version(), *netuid);
        // In the block of an upgrade the answers are those of another runtime.
        if all && !api.is_maker().await? {
            return Ok(());
        }
        let odd = self.known().compared.get(&pair).map(|record| record.odd.clone()).unwrap_or_default();
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
            confirm(reader, *netuid, key, (storage, runtime)).await?;
            return Err(self.contradict(pair, api.number, *since, key, (storage, runtime)));
        }
        let mut known = self.known();
        let record = known.compared.entry(pair).or_default();
        record.odd.extend(unexplained);
        if all {
            record.whole.insert(api.number);
        }
        record.note(api.number, *since);
        Ok(())
    }

    /// Compares positions that were read from storage and from the runtime. With `since`, the block of the
    /// epoch before, these are the positions of every holder. Returns false if the answers are not those of
    /// the runtime that made the block.
    pub(crate) async fn compare_both(
        &self,
        reader: &Reader<'_>,
        netuid: NetUid,
        since: Option<BlockNumber>,
        storage: &BTreeMap<PositionKey, Rao>,
        runtime: &BTreeMap<PositionKey, Rao>,
    ) -> Result<bool, ChainError> {
        let api = reader.runtime_api();
        let pair = (api.runtime.spec_version(), netuid);
        let of =
            |positions: &BTreeMap<PositionKey, Rao>, key| positions.get(key).copied().unwrap_or_default();
        let differs = storage.keys().chain(runtime.keys()).find(|key| of(storage, key) != of(runtime, key));
        if let Some(key) = differs {
            if !api.is_maker().await? {
                return Ok(false);
            }
            let said = (of(storage, key), of(runtime, key));
            confirm(reader, netuid, *key, said).await?;
            return Err(self.contradict(pair, api.number, since.unwrap_or(api.number), *key, said));
        }
        if since.is_some() {
            self.known().compared.entry(pair).or_default().asks_runtime = true;
        }
        Ok(true)
    }

    /// Notes a disagreement. Returns the error that says what is to be done.
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
        let record = known.compared.entry((spec_version, netuid)).or_default();
        let agreed = record.agreed_up_to(block, since);
        if record.asks_runtime {
            // This read began before the record was taken back, and nobody waits for it.
            return contradiction((spec_version, netuid), block, agreed);
        }
        // Reads at the same time find the same contradiction.
        let agreed = match record.contradicted {
            Some((_, before)) => before.min(agreed),
            None => agreed,
        };
        record.contradicted = Some((block, agreed));
        contradiction((spec_version, netuid), block, agreed)
    }
}

/// Asks storage and the runtime for a position again: both must answer as before, since a single wrong answer
/// is no contradiction.
async fn confirm(
    reader: &Reader<'_>,
    netuid: NetUid,
    key: PositionKey,
    (storage, runtime): (Rao, Rao),
) -> Result<(), ChainError> {
    let api = reader.runtime_api();
    let again = try_join(positions::alpha(reader.afresh(), netuid, key), api.alphas(netuid, &[key])).await?;
    if again == (storage, vec![runtime]) {
        Ok(())
    } else {
        Err(reader.differs(format_args!("hotkey {} of coldkey {}", key.hotkey, key.coldkey)))
    }
}

fn contradiction(
    (spec_version, netuid): Pair,
    block: BlockNumber,
    agreed: Option<BlockNumber>,
) -> ChainError {
    ChainError::Contradicted { netuid, spec_version, block, agreed }
}
