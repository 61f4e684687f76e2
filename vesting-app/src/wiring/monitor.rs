//! The monitor that continues a record.

use std::sync::Arc;

use anyhow::Context;
use vesting_core::ports::{ChainPort, StakeStore};
use vesting_core::{BlockNumber, BlockchainMonitor, MonitorError, NetUid};

use crate::config::Config;
use crate::exit::UsageError;

/// Opens the monitor of a subnet's record. If `from` is given, the record must be able to continue there.
pub async fn open_monitor(
    config: &Config,
    netuid: NetUid,
    chain: Arc<dyn ChainPort>,
    store: Arc<dyn StakeStore>,
    from: Option<BlockNumber>,
) -> anyhow::Result<BlockchainMonitor> {
    let monitor = match BlockchainMonitor::open(chain, store, &[netuid], config.max_requests_in_flight).await
    {
        Err(error @ MonitorError::Store(_)) => {
            return Err(error).with_context(|| format!("cannot use the database {}", config.database_url));
        }
        opened => opened?,
    };
    let record = monitor.ledgers().get(&netuid).and_then(|ledger| ledger.watermark());
    if let (Some(record), Some(from)) = (record, from)
        && (from < record.first_block || from > record.block.number.child())
    {
        return Err(UsageError(format!(
            "`--from {from}`: the record of subnet {netuid} holds the blocks {} to {} and can only be \
             continued; leave `--from` out, or use another `--database-url`",
            record.first_block, record.block.number
        ))
        .into());
    }
    Ok(monitor)
}
