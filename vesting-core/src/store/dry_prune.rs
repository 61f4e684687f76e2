//! What a prune would remove, without pruning.

use crate::ports::{Commit, Pruned, StoreError, TrancheStand};
use crate::store::all_tranches;
use crate::store::condensed::Condensed;
use crate::store::parts::Parts;
use crate::units::BlockNumber;

/// Counts the rows that a prune up to the end of `base` would remove and add. Nothing is changed.
///
/// For the crates of this workspace.
///
/// # Errors
/// As [`WholeRecord::prune`](crate::ports::WholeRecord::prune), and when the record was changed meanwhile
/// other than by new blocks.
pub async fn dry_prune(mut parts: Parts<'_>, base: BlockNumber) -> Result<Pruned, StoreError> {
    let (store, netuid) = (parts.store(), parts.netuid());
    let mark = store.watermark(netuid).await?;
    let mut kept = Condensed::new(netuid);
    let (mut goes, mut end, mut timed) = (Pruned::default(), None, None);
    while let Some(mut part) = parts.next().await? {
        goes = goes.plus(old_rows(&part, base, timed));
        timed = part.times.keys().copied().next_back();
        kept.take(&mut part).await?;
        if let Some(end) = end.filter(|end| *end < base) {
            kept.condense(end).await?;
        }
        if part.watermark.block.number > base {
            break;
        }
        end = Some(part.watermark.block.number);
    }
    let openings = kept.condense(base).await?.openings;
    let stays = kept.record().await?.map(|record| old_rows(&record, base, None)).unwrap_or_default();
    let mut open = 0u64;
    if let Some(mark) = mark {
        let look = |stand: &TrancheStand| {
            open = open.saturating_add(u64::from(!stand.remaining.is_zero()));
            Ok::<_, StoreError>(())
        };
        all_tranches::for_each(store, netuid, &mark, base, look).await?;
    }
    Ok(Pruned {
        openings,
        snapshots: goes.snapshots.saturating_sub(stays.snapshots),
        locks: goes.locks.saturating_sub(stays.locks),
        tranches: goes.tranches.saturating_sub(open),
        ..goes
    })
}

/// Counts the rows of a part that are older than the end of `base`. The time of block `timed` belongs to
/// another part.
fn old_rows(part: &Commit, base: BlockNumber, timed: Option<BlockNumber>) -> Pruned {
    fn count<T>(rows: impl IntoIterator<Item = T>, is_old: impl Fn(&T) -> bool) -> u64 {
        u64::try_from(rows.into_iter().filter(is_old).count()).unwrap_or(u64::MAX)
    }
    let epochs = part.epochs.iter().filter(|record| record.epoch.block.number <= base);
    Pruned {
        entries: count(&part.entries, |entry| entry.block <= base),
        openings: 0,
        times: count(part.times.keys(), |block| **block < base && Some(**block) != timed),
        changes: count(epochs.flat_map(|record| &record.changes), |_| true),
        balance_changes: count(&part.balance_changes, |change| change.to <= base),
        snapshots: count(&part.snapshots, |row| row.block <= base),
        locks: count(&part.locks, |row| row.block <= base),
        tranches: count(&part.tranches, |tranche| tranche.id.block <= base),
        exits: count(&part.exits, |exit| exit.by.block <= base),
    }
}
