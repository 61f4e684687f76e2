//! What a block did.

use std::collections::{BTreeMap, BTreeSet};

use crate::block::StakeChange;
use crate::ledger::{Entry, Succession};
use crate::units::Hotkey;

/// What a block did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// The entries of the holders, those that become holders here included, in ledger order.
    pub entries: Vec<Entry>,
    /// Coldkeys that took over from a holder, in order of events.
    pub successions: Vec<Succession>,
    /// Of an epoch: a row for each position of the holders that it touched.
    pub rows: Vec<StakeChange>,
    /// Events by which a holder received the stake of a coldkey that was none.
    pub received: BTreeSet<u32>,
    /// Operations on hotkeys that no event names: swapped keys take and give, root claims give, orders do
    /// either.
    pub unnamed: BTreeMap<Hotkey, u64>,
    /// Hotkeys whose stake went to another hotkey, in order of events: rounding goes with it.
    pub renamed: Vec<(Hotkey, Hotkey)>,
}
