//! Which subnets are caught up on, and where their records begin.

use std::collections::BTreeMap;

use vesting_core::ports::{ChainError, ChainPort};
use vesting_core::{BlockNumber, NetUid};

use crate::config::Config;
use crate::wiring;

/// Where new records begin.
pub struct Beginnings {
    /// The block of `--from`.
    from: Option<BlockNumber>,
    /// The start of each subnet's window.
    windows: BTreeMap<NetUid, BlockNumber>,
}

impl Beginnings {
    /// The first block of a subnet's record. A subnet without a window at the last block begins with the
    /// earliest of the others.
    pub fn of(&self, netuid: NetUid) -> BlockNumber {
        let own = self.from.or_else(|| self.windows.get(&netuid).copied());
        own.or_else(|| self.windows.values().min().copied()).unwrap_or(BlockNumber(1))
    }
}

/// Removes the subnets that cannot be recorded: they have no record, and exist neither at the last block nor
/// where records begin. Returns where records begin, and the subnets that were removed. The remaining ones
/// are recorded all the same. This is asked before a database is created.
pub async fn choose(
    config: &mut Config,
    chain: &dyn ChainPort,
    recorded: &[NetUid],
    from: Option<BlockNumber>,
    to: BlockNumber,
) -> anyhow::Result<(Beginnings, Vec<NetUid>)> {
    let (windows, mut missing) = if from.is_some() {
        let new: Vec<NetUid> =
            config.netuids.iter().filter(|netuid| !recorded.contains(netuid)).copied().collect();
        let present = wiring::subnets_at(chain, &new, to).await?;
        (BTreeMap::new(), new.into_iter().filter(|netuid| !present.contains(netuid)).collect())
    } else {
        let plan = wiring::Plan::make(config, chain, recorded, to).await;
        plan.failure()?;
        (plan.beginnings, plan.absent)
    };
    if let Some(first) = from.or_else(|| windows.values().min().copied()).filter(|first| *first < to) {
        let present = wiring::subnets_at(chain, &missing, first).await?;
        missing.retain(|netuid| !present.contains(netuid));
    }
    config.netuids.retain(|netuid| !missing.contains(netuid));
    match missing.first() {
        Some(netuid) if config.netuids.is_empty() => {
            Err(ChainError::NoSuchSubnet { netuid: *netuid, block: to }.into())
        }
        _ => Ok((Beginnings { from, windows }, missing)),
    }
}
