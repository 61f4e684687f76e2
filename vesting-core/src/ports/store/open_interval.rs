//! The interval after the last epoch of a record.

use std::collections::BTreeMap;

use crate::units::{BlockNumber, Hotkey};

/// What must be kept of the interval that is still open. A restart then bounds its rounding as an undisturbed
/// run would.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenInterval {
    /// B₁, at whose end the interval begins; `None` before the first recorded epoch.
    pub from: Option<BlockNumber>,
    /// Stake operations by anyone on each hotkey of this subnet since the last epoch.
    pub operations: BTreeMap<Hotkey, u64>,
    /// Operations since then whose hotkeys no event names: root claims, orders of a group, coldkey swaps.
    pub anywhere: u64,
    /// Whether the runtime changed since the last epoch.
    pub runtime_changed: bool,
}

impl OpenInterval {
    /// The most that rounding may change a position on `hotkey`, by the operations known to be on it.
    #[must_use]
    pub fn bound(&self, hotkey: &Hotkey) -> u64 {
        let operations = self.operations.get(hotkey).copied().unwrap_or(0);
        operations.saturating_add(u64::from(self.runtime_changed))
    }
}
