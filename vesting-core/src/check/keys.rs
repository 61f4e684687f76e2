//! Unique keys of rows.

use std::collections::BTreeSet;

use crate::check::inconsistency::{BalanceOf, Inconsistency, RowPlace};
use crate::ports::Commit;
use crate::units::{BlockNumber, Coldkey, NetUid, PositionKey};

/// Checks that no two rows of a table have the same key.
pub(super) fn unique(record: &Commit) -> Result<(), Inconsistency> {
    fn table<T, K: Ord>(
        netuid: NetUid,
        name: &'static str,
        rows: &[T],
        key: impl Fn(&T) -> (BlockNumber, Option<BalanceOf>, K),
    ) -> Result<(), Inconsistency> {
        let mut seen = BTreeSet::new();
        for row in rows {
            let (block, whose, key) = key(row);
            if !seen.insert(key) {
                return Err(RowPlace(netuid, name, block).wrong(whose, "a row is there twice"));
            }
        }
        Ok(())
    }
    let position = |key: PositionKey| Some(BalanceOf::Position(key));
    let holder = |coldkey: Coldkey| Some(BalanceOf::Holder(coldkey));
    let n = record.netuid;
    table(n, "stake_transactions", &record.entries, |e| (e.block, position(e.key), e.order()))?;
    table(n, "holders", &record.holders, |h| (h.since, holder(h.coldkey), h.coldkey))?;
    table(n, "epoch_boundaries", &record.epochs, |e| (e.epoch.block.number, None, e.epoch.block.number))?;
    for epoch in &record.epochs {
        table(n, "stake_changes", &epoch.changes, |c| (epoch.epoch.block.number, position(c.key), c.key))?;
    }
    table(n, "stake_balance_changes", &record.balance_changes, |c| (c.to, position(c.key), (c.to, c.key)))?;
    table(n, "skipped_slots", &record.skipped, |s| (s.block, None, s.block))?;
    table(n, "stake_snapshots", &record.snapshots, |s| (s.block, position(s.key), (s.block, s.key)))?;
    table(n, "stake_locks", &record.locks, |l| (l.block, holder(l.coldkey), (l.block, l.coldkey)))?;
    table(n, "neurons", &record.neurons, |r| (r.block, None, (r.block, r.uid)))?;
    table(n, "successions", &record.successions, |s| (s.block, holder(s.old), (s.block, s.event_index)))?;
    table(n, "stake_tranches", &record.tranches, |t| (t.id.block, holder(t.coldkey), (t.coldkey, t.id)))?;
    table(n, "tranche_exits", &record.exits, |e| {
        (e.by.block, holder(e.coldkey), (e.coldkey, e.tranche, e.by))
    })
}
