//! The ledger of a window, and how it is made.

use std::collections::BTreeMap;

use crate::ledger::{Entry, EntryId, Succession, Successions};
use crate::ports::NeuronRow;
use crate::units::{BlockNumber, Coldkey, NetUid, PositionKey, RaoDelta};
use crate::window::ledger::opening::Opening;
use crate::window::ledger::walk::Walk;
use crate::window::{Turn, Window};

/// The ledger of one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowLedger {
    /// The subnet.
    pub netuid: NetUid,
    /// The window; `incomplete_since` says whether the record covers it.
    pub window: Window,
    /// The holders at the end of the window, with the blocks at whose end their histories start.
    pub holders: BTreeMap<Coldkey, BlockNumber>,
    /// How these went on under other coldkeys, in order.
    pub successions: Vec<Succession>,
    /// Their openings, in order.
    pub openings: Vec<Opening>,
    /// Their entries, in ledger order: after each one's start, up to the end of `as_of`. Of a holder that
    /// changed its coldkey, those under the old one up to the swap and those under the new one from there.
    pub entries: Vec<Entry>,
}

impl WindowLedger {
    /// The ledger of a window, from who held which uid, who took over from whom, the balances at its
    /// start and all entries after it up to `as_of`, in ledger order.
    #[must_use]
    pub fn of(
        netuid: NetUid,
        window: Window,
        neurons: &[NeuronRow],
        successions: &Successions,
        balances: BTreeMap<PositionKey, RaoDelta>,
        entries: &[Entry],
    ) -> Self {
        let mut walk = Walk { balances, histories: BTreeMap::new(), last: None };
        let mut turns = window.turns(neurons, successions).into_iter().peekable();
        for entry in entries {
            while let Some(turn) = turns.next_if(|turn| precedes(turn, entry)) {
                walk.turn(turn);
            }
            walk.enter(entry);
        }
        turns.for_each(|turn| walk.turn(turn));
        let mut ledger = Self {
            netuid,
            window,
            holders: BTreeMap::new(),
            successions: Vec::new(),
            openings: Vec::new(),
            entries: Vec::new(),
        };
        for (coldkey, history) in walk.histories {
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

/// Whether what an entry did comes after a turn.
fn precedes(turn: &Turn, entry: &Entry) -> bool {
    match turn {
        Turn::Starts(_, block) => *block < entry.block,
        Turn::Succeeds(succession) => !succession.carries(&EntryId::of(entry)),
    }
}
