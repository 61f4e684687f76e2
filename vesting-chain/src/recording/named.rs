//! The accounts that an event names.

use vesting_core::{Coldkey, Hotkey, StakeEvent};

/// The accounts that an event names.
#[derive(Default)]
pub(crate) struct Named {
    /// Coldkeys that are looked up like owners of neurons.
    pub(crate) holders: Vec<Coldkey>,
    /// Other coldkeys.
    pub(crate) accounts: Vec<Coldkey>,
    /// Hotkeys with the coldkeys that may have stake on them.
    pub(crate) pairs: Vec<(Hotkey, Coldkey)>,
}

impl Named {
    fn pairs(pairs: impl Into<Vec<(Hotkey, Coldkey)>>) -> Self {
        Self { pairs: pairs.into(), ..Self::default() }
    }
}

/// The accounts that an event names.
pub(crate) fn named_by(event: &StakeEvent) -> Named {
    match event {
        StakeEvent::StakeAdded { coldkey, hotkey, .. }
        | StakeEvent::StakeRemoved { coldkey, hotkey, .. }
        | StakeEvent::StakeSwapped { coldkey, hotkey, .. }
        | StakeEvent::AlphaRecycled { coldkey, hotkey, .. }
        | StakeEvent::AlphaBurned { coldkey, hotkey, .. } => Named::pairs([(*hotkey, *coldkey)]),
        StakeEvent::StakeMoved { coldkey, from_hotkey, to_hotkey, .. } => {
            Named::pairs([(*from_hotkey, *coldkey), (*to_hotkey, *coldkey)])
        }
        StakeEvent::StakeTransferred { from_coldkey, to_coldkey, hotkey, .. } => {
            Named::pairs([(*hotkey, *from_coldkey), (*hotkey, *to_coldkey)])
        }
        StakeEvent::StakeAndHotkeyTransferred {
            from_coldkey, to_coldkey, from_hotkey, to_hotkey, ..
        } => Named::pairs([(*from_hotkey, *from_coldkey), (*to_hotkey, *to_coldkey)]),
        StakeEvent::AutoStakeAdded { destination, hotkey, owner, .. } => {
            Named::pairs([(*destination, *owner), (*hotkey, *owner)])
        }
        StakeEvent::HotkeySwapped { coldkey, old, new, .. } => {
            Named::pairs([(*old, *coldkey), (*new, *coldkey)])
        }
        // The new coldkey is a holder from now on.
        StakeEvent::ColdkeySwapped { old, new } => Named { holders: vec![*old, *new], ..Named::default() },
        StakeEvent::RootClaimed { coldkey }
        | StakeEvent::FeePaidWithAlpha { who: coldkey, .. }
        | StakeEvent::OrderExecuted { trader: coldkey, .. }
        | StakeEvent::LeaseDividend { contributor: coldkey, .. }
        | StakeEvent::OwnerChanged { new: coldkey, .. } => {
            Named { accounts: vec![*coldkey], ..Named::default() }
        }
        _ => Named::default(),
    }
}
