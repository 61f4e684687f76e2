//! A whole record.

use crate::check::checked::{Checked, count};
use crate::check::inconsistency::Inconsistency;
use crate::check::keys::unique;
use crate::check::owners::owned;
use crate::check::stretch::stretch;
use crate::check::{condensed, conservation, tranches};
use crate::ports::Commit;

/// Checks a whole record, as [`WholeRecord::record`](crate::ports::WholeRecord::record) returns it.
///
/// - For every epoch and position, the entries add up to the snapshots and to `stake_changes` at B−1 and at
///   B.
/// - `stake_balance_changes` are the sums of the entries between.
/// - Every row belongs to a holder, and to the blocks that the watermark names.
/// - Keys are unique.
/// - Tranches are what entries credited, and exits what they debited.
///
/// A consistent record need not be true. Only the chain, or someone who has read it, can confirm that.
///
/// In a pruned record, the openings replace what came before. They are compared with the snapshots, and with
/// what the tranches still held.
///
/// ```
/// use vesting_core::check::check;
/// use vesting_core::ports::{Commit, Holder, OpenInterval, Watermark};
/// use vesting_core::{BlockHash, BlockNumber, BlockRef, Coldkey, Millis, NetUid};
///
/// let block = BlockRef { number: BlockNumber(5), hash: BlockHash([5; 32]) };
/// let mark = Watermark {
///     block,
///     time: Millis(60_000),
///     first_block: block.number,
///     first_time: Millis(60_000),
///     observed: block.number,
///     spec_version: 300,
/// };
/// let mut record = Commit::without_rows(NetUid(1), None, mark, OpenInterval::default());
/// assert!(check(&record).is_ok());
///
/// let holder = Holder { coldkey: Coldkey([1; 32]), since: BlockNumber(4) };
/// record.holders = vec![holder, holder];
/// let wrong = check(&record).expect_err("a row is there twice");
/// assert_eq!((wrong.table, wrong.block), ("holders", BlockNumber(4)));
/// ```
///
/// # Errors
/// The first inconsistency found.
pub fn check(record: &Commit) -> Result<Checked, Inconsistency> {
    unique(record)?;
    stretch(record)?;
    owned(record)?;
    condensed::check(record)?;
    let mut checked = Checked {
        entries: count(record.entries.len()),
        epochs: count(record.epochs.len()),
        ..Checked::default()
    };
    conservation::check(record, &mut checked)?;
    tranches::check(record, &mut checked)?;
    Ok(checked)
}
