//! A whole record.

use crate::check::checked::{Checked, count};
use crate::check::inconsistency::Inconsistency;
use crate::check::keys::unique;
use crate::check::owners::owned;
use crate::check::stretch::stretch;
use crate::check::{condensed, conservation, tranches};
use crate::ports::Commit;

/// Checks a whole record, as [`WholeRecord::record`](crate::ports::WholeRecord::record) gives it.
///
/// For every epoch and position the entries sum up to the snapshots and to `stake_changes` at B−1 and at B;
/// `stake_balance_changes` are the entries between; every row belongs to a holder and to the stretch that the
/// watermark tells; keys are unique; tranches are what entries brought, and exits what they took. What is
/// consistent need not be true: that the chain says so too is only known from it, or from who has read it.
///
/// Of a record that was pruned, what came before is compared with the openings that stand for it: sums with
/// the snapshots, and what tranches still held with what their holders open with.
///
/// # Errors
/// The first thing found wrong.
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
