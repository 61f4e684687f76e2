//! The interval after the last epoch of a record.

use std::collections::BTreeMap;

use crate::units::{BlockNumber, Hotkey};

/// What must be remembered of the interval that is still open, so that a restart judges its
/// rounding as an undisturbed run would.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenInterval {
    /// B₁, at whose end it begins; `None` before the first epoch recorded.
    pub from: Option<BlockNumber>,
    /// Stake operations by anyone on each hotkey of this subnet since the last epoch.
    pub operations: BTreeMap<Hotkey, u64>,
    /// Operations since then of which no event says on which hotkeys: root claims, coldkey swaps.
    pub anywhere: u64,
    /// Whether the runtime changed since the last epoch.
    pub runtime_changed: bool,
}

impl OpenInterval {
    /// The most that rounding by operations known to be on `hotkey` may move a position there.
    #[must_use]
    pub fn bound(&self, hotkey: &Hotkey) -> u64 {
        let operations = self.operations.get(hotkey).copied().unwrap_or(0);
        operations.saturating_add(u64::from(self.runtime_changed))
    }
}
