//! The ledger of a window, and how it is made.

use std::collections::BTreeMap;

use crate::ledger::{Entry, EntryId, Succession, Successions};
use crate::ports::NeuronRow;
use crate::units::{BlockNumber, Coldkey, NetUid, PositionKey, RaoDelta};
use crate::window::ledger::histories::Histories;
use crate::window::ledger::opening::Opening;
use crate::window::{HolderChange, Window};

/// The ledger of one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowLedger {
    /// The subnet.
    pub netuid: NetUid,
    /// The window. Its `incomplete_since` says whether the record covers it.
    pub window: Window,
    /// The holders at the end of the window, with the blocks at whose end their histories start.
    pub holders: BTreeMap<Coldkey, BlockNumber>,
    /// How holders continued under other coldkeys, in order.
    pub successions: Vec<Succession>,
    /// The holders' openings, in order.
    pub openings: Vec<Opening>,
    /// The holders' entries, in ledger order, from each one's start up to the end of `as_of`. A holder that
    /// swapped its coldkey has the entries of the old one up to the swap, and those of the new one after it.
    pub entries: Vec<Entry>,
}

impl WindowLedger {
    /// The ledger of a window. It is made from who held which uid, the successions, the balances at the
    /// window's start, and all later entries up to `as_of`, in ledger order.
    #[must_use]
    pub fn of(
        netuid: NetUid,
        window: Window,
        neurons: &[NeuronRow],
        successions: &Successions,
        balances: BTreeMap<PositionKey, RaoDelta>,
        entries: &[Entry],
    ) -> Self {
        let mut histories = Histories { balances, by_coldkey: BTreeMap::new(), last_succession: None };
        let mut turns = window.turns(neurons, successions).into_iter().peekable();
        for entry in entries {
            while let Some(turn) = turns.next_if(|turn| precedes(turn, entry)) {
                histories.apply(turn);
            }
            histories.add(entry);
        }
        turns.for_each(|turn| histories.apply(turn));
        let mut ledger = Self {
            netuid,
            window,
            holders: BTreeMap::new(),
            successions: Vec::new(),
            openings: Vec::new(),
            entries: Vec::new(),
        };
        for (coldkey, history) in histories.by_coldkey {
            ledger.holders.insert(coldkey, history.start);
            ledger.successions.extend(history.successions);
            ledger.openings.extend(history.openings);
            ledger.entries.extend(history.entries);
        }
        ledger.successions.sort_unstable();
        ledger.openings.sort_unstable();
        ledger.entries.sort_by_key(Entry::order);
        ledger
    }
}

/// Whether a turn comes before an entry.
fn precedes(turn: &HolderChange, entry: &Entry) -> bool {
    match turn {
        HolderChange::Starts(_, block) => *block < entry.block,
        HolderChange::Succeeds(succession) => !succession.carries(&EntryId::of(entry)),
    }
}
