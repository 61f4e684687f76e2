//! Balances at a block: the last epoch's snapshots, plus the entries since. A sum over all entries gives the
//! same, but its cost grows with the record.

use std::collections::BTreeMap;

use crate::ledger::Entry;
use crate::ports::{ReadRecord, StoreError};
use crate::units::{BlockNumber, NetUid, PositionKey, RaoDelta};

/// Σ of each position's entries up to the end of `base`. That is the block of an epoch of the record, or the
/// one in which its subnet ended. Without `base` there are no balances.
///
/// At the end of an epoch's block, Σ entries equals the snapshot for every position of every holder. The
/// recorder writes neither unless they agree.
pub(crate) async fn opening(
    store: &dyn ReadRecord,
    netuid: NetUid,
    base: Option<BlockNumber>,
) -> Result<BTreeMap<PositionKey, RaoDelta>, StoreError> {
    let Some(base) = base else { return Ok(BTreeMap::new()) };
    Ok(store.positions_at(netuid, base).await?.into_iter().map(|(key, alpha)| (key, alpha.delta())).collect())
}

/// Σ of each position's entries up to the end of `block`; some may be 0. `base` is such a block at or before
/// it. Without one every entry is summed.
pub(crate) async fn at(
    store: &dyn ReadRecord,
    netuid: NetUid,
    base: Option<BlockNumber>,
    block: BlockNumber,
) -> Result<BTreeMap<PositionKey, RaoDelta>, StoreError> {
    let mut balances = opening(store, netuid, base).await?;
    let since = base.map_or(BlockNumber(0), BlockNumber::child);
    if since <= block {
        add(&mut balances, &store.entries(netuid, since, block).await?);
    }
    Ok(balances)
}

/// Adds entries to balances.
pub(crate) fn add<'a>(
    balances: &mut BTreeMap<PositionKey, RaoDelta>,
    entries: impl IntoIterator<Item = &'a Entry>,
) {
    for entry in entries {
        *balances.entry(entry.key).or_default() += entry.alpha;
    }
}
