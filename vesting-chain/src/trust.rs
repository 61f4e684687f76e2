//! Whether the positions worked out from storage are what the runtime itself says. Checked when a
//! runtime is first met and on a sample from then on; once it says otherwise, its own word is taken.

use std::collections::BTreeMap;

use tokio::sync::Mutex;
use vesting_core::ports::{ChainError, SubnetState};
use vesting_core::{BlockNumber, NetUid, PositionKey, Rao};

use crate::runtime_api::RuntimeApi;

/// Positions checked at a time.
const SAMPLE: usize = 4;
/// Of the states in which positions are read, one in so many is checked, after the first.
const ONE_IN: u64 = 500;

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
            self.spec_version, self.key.hotkey, self.key.coldkey, self.runtime, self.netuid, self.block, self.storage
        )
    }
}

/// What is known so far, by spec version.
#[derive(Default)]
pub(crate) struct Trust {
    reads: Mutex<BTreeMap<u32, u64>>,
    broken: Mutex<BTreeMap<u32, Disagreement>>,
}

impl Trust {
    /// The disagreements found.
    pub(crate) async fn disagreements(&self) -> Vec<Disagreement> {
        self.broken.lock().await.values().cloned().collect()
    }

    /// Whether storage may be read for positions.
    pub(crate) async fn holds(&self, spec_version: u32) -> bool {
        !self.broken.lock().await.contains_key(&spec_version)
    }

    /// Checks a sample of the positions read, when it is time; false where the runtime says otherwise.
    pub(crate) async fn check(&self, api: &RuntimeApi<'_>, netuid: NetUid, state: &SubnetState) -> Result<bool, ChainError> {
        let spec_version = api.runtime.spec_version();
        if !api.runtime.capabilities().stake_api || state.positions.is_empty() {
            return Ok(true);
        }
        {
            let mut reads = self.reads.lock().await;
            let count = reads.entry(spec_version).or_insert(0);
            let due = count.is_multiple_of(ONE_IN);
            *count = count.saturating_add(1);
            if !due {
                return Ok(true);
            }
        }
        let sample = sample(api.number, state);
        let told = api.alphas(netuid, &sample).await?;
        for (key, runtime) in sample.into_iter().zip(told) {
            let storage = state.positions.get(&key).copied().unwrap_or_default();
            if storage == runtime {
                continue;
            }
            // Where the code was just upgraded, the answer is not the block's.
            if !api.is_maker().await? {
                return Ok(true);
            }
            let found = Disagreement { spec_version, block: api.number, netuid, key, storage, runtime };
            tracing::error!("degraded: {found}");
            self.broken.lock().await.insert(spec_version, found);
            return Ok(false);
        }
        Ok(true)
    }
}

/// Some positions, others in each block.
fn sample(block: BlockNumber, state: &SubnetState) -> Vec<PositionKey> {
    let keys: Vec<PositionKey> = state.positions.keys().copied().collect();
    let step = (keys.len() / SAMPLE).max(1);
    let start = usize::try_from(block.0).unwrap_or(0) % step;
    keys.into_iter().skip(start).step_by(step).take(SAMPLE).collect()
}
