//! What the runtime says of coldkeys' stake as a whole: how much they have on a subnet, and how much of it is
//! locked, what they have and cannot move. Only the runtime can say the latter, since locks decay; it is
//! reported beside the stake, which it is part of.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::Mutex;
use vesting_core::ports::ChainError;
use vesting_core::{Coldkey, NetUid, PositionKey, Rao};

use crate::state::runtime_api::RuntimeApi;

/// What the runtime said of coldkeys on a subnet: how much they have, and how much of it is locked.
pub(crate) struct Told(BTreeMap<Coldkey, (Rao, Rao)>);

impl Told {
    /// How much a coldkey has.
    pub(crate) fn total(&self, coldkey: &Coldkey) -> Rao {
        self.0.get(coldkey).map(|(total, _)| *total).unwrap_or_default()
    }

    /// The locked parts, where there are any.
    pub(crate) fn locked(&self) -> BTreeMap<Coldkey, Rao> {
        let some = self.0.iter().filter(|(_, (_, locked))| *locked > Rao::ZERO);
        some.map(|(coldkey, (_, locked))| (*coldkey, *locked)).collect()
    }

    /// Those of the coldkeys of which the runtime counts another sum than these positions have.
    pub(crate) fn contradicting(
        &self,
        coldkeys: &BTreeSet<Coldkey>,
        positions: &BTreeMap<PositionKey, Rao>,
    ) -> BTreeSet<Coldkey> {
        let held = sums(coldkeys, positions);
        coldkeys
            .iter()
            .filter(|coldkey| self.total(coldkey) != held.get(coldkey).copied().unwrap_or_default())
            .copied()
            .collect()
    }

    /// Whether all of it is what these positions sum up to.
    fn agrees(&self, coldkeys: &BTreeSet<Coldkey>, positions: &BTreeMap<PositionKey, Rao>) -> bool {
        let held = sums(coldkeys, positions);
        let told = self.0.iter().map(|(coldkey, (total, _))| (*coldkey, *total));
        told.filter(|(_, total)| *total > Rao::ZERO).eq(held)
    }
}

/// What each of these coldkeys has that has any.
fn sums(coldkeys: &BTreeSet<Coldkey>, positions: &BTreeMap<PositionKey, Rao>) -> BTreeMap<Coldkey, Rao> {
    let mut held: BTreeMap<Coldkey, Rao> = BTreeMap::new();
    for (key, alpha) in positions.iter().filter(|(key, _)| coldkeys.contains(&key.coldkey)) {
        let sum = held.entry(key.coldkey).or_default();
        *sum = Rao(sum.0.saturating_add(alpha.0));
    }
    held
}

/// Asks, until a runtime turns out not to answer.
#[derive(Default)]
pub(crate) struct Locks {
    silent: Mutex<BTreeSet<u32>>,
}

impl Locks {
    /// What the runtime says of coldkeys on a subnet, where they have these positions; `None` where it does
    /// not tell, or another one would.
    pub(crate) async fn read(
        &self,
        api: &RuntimeApi<'_>,
        netuid: NetUid,
        coldkeys: &BTreeSet<Coldkey>,
        positions: &BTreeMap<PositionKey, Rao>,
    ) -> Result<Option<Told>, ChainError> {
        let spec_version = api.runtime.spec_version();
        if !api.runtime.capabilities().locks_api || self.silent.lock().await.contains(&spec_version) {
            return Ok(None);
        }
        match api.locked(netuid, coldkeys).await {
            Ok(told) => {
                let told = Told(
                    told.into_iter().map(|(coldkey, total, locked)| (coldkey, (total, locked))).collect(),
                );
                // Where the code was just upgraded, the answer is another runtime's.
                let ours = told.agrees(coldkeys, positions) || api.is_maker().await?;
                Ok(Some(told).filter(|_| ours))
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
