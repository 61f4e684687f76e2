//! A record checked part by part: what was checked already is condensed, as a prune does, so that two parts
//! are held.

use super::checked::{Checked, count};
use super::error::CheckError;
use super::left::check_left;
use super::record::check;
use super::state::check_state;
use crate::ports::{Commit, ReadRecord, StakeStore, Watermark};
use crate::store::{Condensed, Parts};
use crate::units::NetUid;

/// A record that is checked while its parts come.
pub struct Walk {
    netuid: NetUid,
    /// What was checked, condensed, and the last part.
    end: Condensed,
    checked: Checked,
    /// Where the last part ended.
    mark: Option<Watermark>,
}

impl Walk {
    /// The record of a subnet, of which no part has come.
    #[must_use]
    pub fn new(netuid: NetUid) -> Self {
        Self { netuid, end: Condensed::new(netuid), checked: Checked::default(), mark: None }
    }

    /// Checks the next part, in the order of [`Parts`].
    ///
    /// # Errors
    /// The first thing found wrong, and where it does not follow on the last part.
    pub async fn take(&mut self, part: &Commit) -> Result<(), CheckError> {
        let found = match self.mark {
            None => {
                // A store says less well what is wrong.
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

    /// What was checked, condensed but for the last part.
    ///
    /// # Errors
    /// [`CheckError::Gone`] where no part came.
    pub async fn record(&self) -> Result<Commit, CheckError> {
        self.end.record().await?.ok_or(CheckError::Gone(self.netuid))
    }

    /// Where the record begins and ends, as far as it was checked; `None` where no part came.
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

/// Checks the record of a subnet in a store, part by part, and what the store keeps beside it; gives where it
/// begins and ends.
///
/// # Errors
/// The first thing found wrong.
pub async fn check_store(store: &dyn StakeStore, netuid: NetUid) -> Result<(Watermark, Checked), CheckError> {
    check_parts(store, Parts::of(store, netuid).await?).await
}

/// The same, in parts of another size.
///
/// # Errors
/// As [`check_store`].
pub async fn check_parts(
    store: &dyn StakeStore,
    mut parts: Parts<'_>,
) -> Result<(Watermark, Checked), CheckError> {
    let netuid = parts.netuid();
    let mut walk = Walk::new(netuid);
    while let Some(part) = parts.next().await? {
        walk.take(&part).await?;
    }
    let (mut record, checked) = (walk.record().await?, walk.checked());
    // Where the record itself begins, not what is left of it here.
    record.watermark = walk.mark().ok_or(CheckError::Gone(netuid))?;
    check_beside(store, &record, &checked).await?;
    Ok((record.watermark, checked))
}

/// Checks what a store works out or keeps beside a record that was `checked`, by which a recorder goes on:
/// the newest snapshots, and what is left of each tranche.
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
