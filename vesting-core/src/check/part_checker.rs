//! Checking a record part by part. What was checked is condensed, as by a prune, so at most two parts are in
//! memory.

use super::checked::{Checked, count};
use super::error::CheckError;
use super::left::check_left;
use super::record::check;
use super::state::check_state;
use crate::ports::{Commit, ReadRecord, StakeStore, Watermark};
use crate::store::{Condensed, Parts};
use crate::units::NetUid;

/// Checks a record part by part, as the parts arrive.
///
/// For the crates of this workspace.
pub struct PartChecker {
    netuid: NetUid,
    /// The parts before the last one, condensed, and the last part.
    end: Condensed,
    checked: Checked,
    /// The watermark at the end of the last part.
    mark: Option<Watermark>,
}

impl PartChecker {
    /// Begins to check a subnet's record.
    #[must_use]
    pub fn new(netuid: NetUid) -> Self {
        Self { netuid, end: Condensed::new(netuid), checked: Checked::default(), mark: None }
    }

    /// Checks the next part, in the order of [`Parts`]. It is as it was afterwards.
    ///
    /// # Errors
    /// The first inconsistency found. Also where the part does not follow the last one.
    pub async fn take(&mut self, part: &mut Commit) -> Result<(), CheckError> {
        let found = match self.mark {
            None => {
                // The check runs before the store, since its errors say more about what is wrong.
                let found = check(part)?;
                self.end.take(part).await?;
                found
            }
            Some(mark) => {
                self.end.take(part).await?;
                self.end.condense(mark.block.number).await?;
                check(&self.record().await?)?
            }
        };
        self.count(part, found);
        self.mark = Some(part.watermark);
        Ok(())
    }

    fn count(&mut self, part: &Commit, found: Checked) {
        let all = &mut self.checked;
        all.entries = all.entries.saturating_add(count(part.entries.len()));
        all.epochs = all.epochs.saturating_add(count(part.epochs.len()));
        all.boundaries = all.boundaries.saturating_add(found.boundaries);
        all.positions = all.positions.saturating_add(found.positions);
        all.changes = all.changes.saturating_add(found.changes);
        all.tranches = all.tranches.saturating_add(count(part.tranches.len()));
        all.exits = all.exits.saturating_add(count(part.exits.len()));
    }

    /// The record that was checked, with all parts but the last condensed.
    ///
    /// # Errors
    /// [`CheckError::Gone`] where no part came.
    pub async fn record(&self) -> Result<Commit, CheckError> {
        self.end.record().await?.ok_or(CheckError::Gone(self.netuid))
    }

    /// The first and the last block of what was checked, as a watermark; `None` where no part came.
    #[must_use]
    pub const fn mark(&self) -> Option<Watermark> {
        self.mark
    }

    /// What was checked so far.
    #[must_use]
    pub const fn checked(&self) -> Checked {
        self.checked
    }
}

/// Checks the record of a subnet in a store, part by part, and what the store keeps besides. Returns the
/// record's watermark, and what was checked.
///
/// # Errors
/// The first inconsistency found.
pub async fn check_store(store: &dyn StakeStore, netuid: NetUid) -> Result<(Watermark, Checked), CheckError> {
    check_parts(store, Parts::of(store, netuid).await?).await
}

/// The same as [`check_store`], with parts of so many epochs each.
///
/// For the crates of this workspace.
///
/// # Errors
/// As [`check_store`].
pub async fn check_parts(
    store: &dyn StakeStore,
    mut parts: Parts<'_>,
) -> Result<(Watermark, Checked), CheckError> {
    let netuid = parts.netuid();
    let mut walk = PartChecker::new(netuid);
    while let Some(mut part) = parts.next().await? {
        walk.take(&mut part).await?;
    }
    let (mut record, checked) = (walk.record().await?, walk.checked());
    // The first block of the record itself, not of what is condensed here.
    record.watermark = walk.mark().ok_or(CheckError::Gone(netuid))?;
    check_beside(store, &record, &checked).await?;
    Ok((record.watermark, checked))
}

/// Checks what a store computes or keeps besides a record that was `checked`, since recorders resume from it:
/// the newest snapshots, and what remains of each tranche.
///
/// For the crates of this workspace.
///
/// # Errors
/// As [`check_store`].
pub async fn check_beside(
    store: &dyn ReadRecord,
    record: &Commit,
    checked: &Checked,
) -> Result<(), CheckError> {
    let netuid = record.netuid;
    let state = store.ledger_state(netuid).await?.ok_or(CheckError::Gone(netuid))?;
    check_state(record, &state)?;
    check_left(store, netuid, &record.watermark, checked.exits).await
}
