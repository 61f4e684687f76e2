//! Resuming a ledger from the store.

use crate::ports::{ReadRecord, StoreError};
use crate::record::subnet_ledger::SubnetLedger;
use crate::store::balances;
use crate::units::{BlockNumber, NetUid};

/// The ledger of a subnet at the store's watermark; an empty one without a record.
pub(crate) async fn load(store: &dyn ReadRecord, netuid: NetUid) -> Result<SubnetLedger, StoreError> {
    let Some(state) = store.ledger_state(netuid).await? else { return Ok(SubnetLedger::new(netuid)) };
    let (from, end) = (state.interval.from, state.watermark.block.number);
    // At the start of an interval, entries and snapshots agree.
    let start = balances::opening(store, netuid, from).await?;
    let entries = store.entries(netuid, from.map_or(BlockNumber(0), BlockNumber::child), end).await?;
    Ok(SubnetLedger::resume(netuid, state, start, entries))
}
