//! What the runtime says of coldkeys as a whole: how much each has on a subnet, and how much of that is
//! locked. Only the runtime can tell the locked part, since locks decay. Locked alpha is still part of the
//! stake.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::Mutex;
use vesting_core::ports::ChainError;
use vesting_core::{Coldkey, NetUid, PositionKey, Rao};

use crate::state::runtime_api::RuntimeApi;

/// How much each coldkey has on a subnet, and how much of that is locked, by the runtime's own answer.
pub(crate) struct ColdkeyTotals(BTreeMap<Coldkey, (Rao, Rao)>);

impl ColdkeyTotals {
    /// How much a coldkey has.
    pub(crate) fn total(&self, coldkey: &Coldkey) -> Rao {
        self.0.get(coldkey).map(|(total, _)| *total).unwrap_or_default()
    }

    /// The locked part of each coldkey that has one.
    pub(crate) fn locked(&self) -> BTreeMap<Coldkey, Rao> {
        let some = self.0.iter().filter(|(_, (_, locked))| *locked > Rao::ZERO);
        some.map(|(coldkey, (_, locked))| (*coldkey, *locked)).collect()
    }

    /// The coldkeys for which the runtime has another total than the sum of these positions.
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

    /// Whether every total is the sum of these positions.
    fn agrees(&self, coldkeys: &BTreeSet<Coldkey>, positions: &BTreeMap<PositionKey, Rao>) -> bool {
        let held = sums(coldkeys, positions);
        let totals = self.0.iter().map(|(coldkey, (total, _))| (*coldkey, *total));
        totals.filter(|(_, total)| *total > Rao::ZERO).eq(held)
    }
}

/// The sum of each coldkey that has a position.
fn sums(coldkeys: &BTreeSet<Coldkey>, positions: &BTreeMap<PositionKey, Rao>) -> BTreeMap<Coldkey, Rao> {
    let mut held: BTreeMap<Coldkey, Rao> = BTreeMap::new();
    for (key, alpha) in positions.iter().filter(|(key, _)| coldkeys.contains(&key.coldkey)) {
        let sum = held.entry(key.coldkey).or_default();
        *sum = Rao(sum.0.saturating_add(alpha.0));
    }
    held
}

/// Asks the runtime for totals and locks, except a runtime that turned out not to answer.
#[derive(Default)]
pub(crate) struct Locks {
    /// The versions that do not answer.
    silent: Mutex<BTreeSet<u32>>,
}

impl Locks {
    /// The totals of coldkeys that have these positions on a subnet. `None` if the runtime does not answer,
    /// or another runtime than the block's would.
    pub(crate) async fn read(
        &self,
        api: &RuntimeApi<'_>,
        netuid: NetUid,
        coldkeys: &BTreeSet<Coldkey>,
        positions: &BTreeMap<PositionKey, Rao>,
    ) -> Result<Option<ColdkeyTotals>, ChainError> {
        let spec_version = api.runtime.spec_version();
        if !api.runtime.capabilities().locks_api || self.silent.lock().await.contains(&spec_version) {
            return Ok(None);
        }
        match api.locked(netuid, coldkeys).await {
            Ok(rows) => {
                let totals = ColdkeyTotals(
                    rows.into_iter().map(|(coldkey, total, locked)| (coldkey, (total, locked))).collect(),
                );
                // In the block of an upgrade the answer is that of another runtime.
                let ours = totals.agrees(coldkeys, positions) || api.is_maker().await?;
                Ok(Some(totals).filter(|_| ours))
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
