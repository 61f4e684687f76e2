//! A ledger taken up where the store has it.

use crate::ports::{ReadRecord, StoreError};
use crate::record::subnet_ledger::SubnetLedger;
use crate::store::balances;
use crate::units::{BlockNumber, NetUid};

/// The ledger of a subnet as the store has it.
pub(crate) async fn load(store: &dyn ReadRecord, netuid: NetUid) -> Result<SubnetLedger, StoreError> {
    let Some(state) = store.ledger_state(netuid).await? else { return Ok(SubnetLedger::new(netuid)) };
    let (from, end) = (state.interval.from, state.watermark.block.number);
    // An interval begins where entries and snapshots agree.
    let start = balances::opening(store, netuid, from).await?;
    let entries = store.entries(netuid, from.map_or(BlockNumber(0), BlockNumber::child), end).await?;
    Ok(SubnetLedger::resume(netuid, state, start, entries))
}
