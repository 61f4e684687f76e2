//! What a block did.

use std::collections::{BTreeMap, BTreeSet};

use crate::block::StakeChange;
use crate::ledger::{Entry, Succession};
use crate::units::Hotkey;

/// What a block did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// The entries of the holders, in ledger order. Coldkeys that become holders in this block are included.
    pub entries: Vec<Entry>,
    /// Coldkeys that took over from a holder, in order of events.
    pub successions: Vec<Succession>,
    /// The rows of an epoch: one for each holder's position that it touched.
    pub rows: Vec<StakeChange>,
    /// The indexes of events by which a holder received the stake of a coldkey that was no holder.
    pub received: BTreeSet<u32>,
    /// Operations whose hotkeys no event names, by hotkey. Swapped keys debit and credit, root claims credit,
    /// orders do either.
    pub unnamed: BTreeMap<Hotkey, u64>,
    /// Hotkeys whose stake went to another hotkey, in order of events. Its rounding goes with it.
    pub renamed: Vec<(Hotkey, Hotkey)>,
}
