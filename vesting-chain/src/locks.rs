//! How much of coldkeys' stake is locked: what they have and cannot move. Only the runtime can say, since
//! locks decay; reported beside the stake, which it is part of.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::Mutex;
use vesting_core::ports::ChainError;
use vesting_core::{Coldkey, NetUid, PositionKey, Rao};

use crate::runtime_api::RuntimeApi;

/// Asks, until a runtime turns out not to answer.
#[derive(Default)]
pub(crate) struct Locks {
    silent: Mutex<BTreeSet<u32>>,
}

impl Locks {
    /// The locked parts of coldkeys on a subnet; `None` where they are not known.
    pub(crate) async fn read(
        &self,
        api: &RuntimeApi<'_>,
        netuid: NetUid,
        coldkeys: &BTreeSet<Coldkey>,
        positions: &BTreeMap<PositionKey, Rao>,
    ) -> Result<Option<BTreeMap<Coldkey, Rao>>, ChainError> {
        let spec_version = api.runtime.spec_version();
        if !api.runtime.capabilities().locks_api || self.silent.lock().await.contains(&spec_version) {
            return Ok(None);
        }
        match api.locked(netuid, coldkeys).await {
            Ok(told) => {
                let mut held: BTreeMap<Coldkey, Rao> = BTreeMap::new();
                for (key, alpha) in positions.iter().filter(|(key, _)| coldkeys.contains(&key.coldkey)) {
                    let sum = held.entry(key.coldkey).or_default();
                    *sum = Rao(sum.0.saturating_add(alpha.0));
                }
                let same = told.iter().filter(|(_, total, _)| *total > Rao::ZERO).map(|(coldkey, total, _)| (*coldkey, *total)).eq(held);
                // Where the code was just upgraded, the answer is another runtime's.
                if !same && !api.is_maker().await? {
                    return Ok(None);
                }
                Ok(Some(
                    told.into_iter().filter(|(.., locked)| *locked > Rao::ZERO).map(|(coldkey, _, locked)| (coldkey, locked)).collect(),
                ))
            }
            Err(ChainError::Unsupported(why) | ChainError::Malformed(why)) => {
                if api.is_maker().await? && self.silent.lock().await.insert(spec_version) {
                    tracing::warn!("spec {spec_version}: how much stake is locked is not known: {why}");
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}
