//! The plan of new records: where each of them begins.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use vesting_core::ports::{ChainError, ChainPort};
use vesting_core::{BlockNumber, NetUid, window_start};

use crate::config::Config;

/// Where the records of the followed subnets begin that do not exist yet.
#[derive(Debug, Default)]
pub struct Plan {
    /// The first block of each record: where its window starts.
    pub beginnings: BTreeMap<NetUid, BlockNumber>,
    /// Subnets that do not exist at the last block.
    pub absent: Vec<NetUid>,
    /// Subnets whose first block could not be read from the chain.
    pub failed: Vec<(NetUid, ChainError)>,
}

impl Plan {
    /// Plans the records of all followed subnets that have none, up to the block `to`.
    pub async fn make(config: &Config, chain: &dyn ChainPort, recorded: &[NetUid], to: BlockNumber) -> Self {
        let new = config.netuids.iter().copied().filter(|netuid| !recorded.contains(netuid));
        let starts = new.map(async |netuid| {
            (netuid, window_start(chain, netuid, config.policy(netuid).retention_window, to).await)
        });
        let mut plan = Self::default();
        for (netuid, start) in join_all(starts).await {
            match start {
                Ok(start) => _ = plan.beginnings.insert(netuid, start),
                Err(ChainError::NoSuchSubnet { .. }) => plan.absent.push(netuid),
                Err(error) => plan.failed.push((netuid, error)),
            }
        }
        plan
    }

    /// The first error, if there is one.
    pub fn failure(&self) -> anyhow::Result<()> {
        match self.failed.first() {
            Some((netuid, error)) => Err(anyhow::Error::from(error.clone())
                .context(format!("cannot find where the window of subnet {netuid} begins"))),
            None => Ok(()),
        }
    }
}
