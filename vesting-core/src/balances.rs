//! Balances at a block: what the last epoch's snapshots say, and the entries since. A sum over all entries gives
//! the same, at a cost that grows with the record.

use std::collections::BTreeMap;

use crate::ports::{StakeStore, StoreError};
use crate::{BlockNumber, Entry, NetUid, PositionKey, RaoDelta};

/// Σ of each position's entries up to the end of `block`; some may be 0. `base` is an epoch of the record up to
/// there, or the block at whose end a pruned record opens; `None` where there is none, and then every entry is
/// summed.
///
/// At the end of an epoch's block Σ entries and snapshots are the same for every position of every holder: the
/// recorder writes neither unless they are.
pub(crate) async fn at(
    store: &dyn StakeStore,
    netuid: NetUid,
    base: Option<BlockNumber>,
    block: BlockNumber,
) -> Result<BTreeMap<PositionKey, RaoDelta>, StoreError> {
    let mut balances = BTreeMap::new();
    if let Some(base) = base {
        balances.extend(store.positions_at(netuid, base).await?.into_iter().map(|(key, alpha)| (key, alpha.delta())));
    }
    let since = base.map_or(BlockNumber(0), BlockNumber::child);
    if since <= block {
        add(&mut balances, &store.entries(netuid, since, block).await?);
    }
    Ok(balances)
}

/// Adds entries to the balances before them.
pub(crate) fn add(balances: &mut BTreeMap<PositionKey, RaoDelta>, entries: &[Entry]) {
    for entry in entries {
        *balances.entry(entry.key).or_default() += entry.alpha;
    }
}
