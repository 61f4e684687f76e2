//! A walk through the entries of a window.

use std::collections::BTreeMap;

use crate::ledger::{Entry, Kind, Succession};
use crate::units::{BlockNumber, Coldkey, PositionKey, RaoDelta};
use crate::window::Turn;
use crate::window::ledger::opening::Opening;

/// One holder's history.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) start: BlockNumber,
    pub(super) successions: Vec<Succession>,
    pub(super) openings: Vec<Opening>,
    pub(super) entries: Vec<Entry>,
}

/// A walk through the entries of a window.
pub(super) struct Walk {
    pub(super) balances: BTreeMap<PositionKey, RaoDelta>,
    /// By the coldkey that each holder has here.
    pub(super) histories: BTreeMap<Coldkey, History>,
    /// The swap that was come by last.
    pub(super) last: Option<Succession>,
}

impl Walk {
    pub(super) fn turn(&mut self, turn: Turn) {
        match turn {
            Turn::Starts(coldkey, start) => {
                let openings = self.held(coldkey, start, None);
                self.histories.insert(coldkey, History { start, openings, ..History::default() });
            }
            Turn::Succeeds(succession) => {
                let Some(mut history) = self.histories.remove(&succession.old) else { return };
                history.openings.extend(self.held(
                    succession.new,
                    succession.block,
                    Some(succession.event_index),
                ));
                history.successions.push(succession);
                self.histories.insert(succession.new, history);
                self.last = Some(succession);
            }
        }
    }

    pub(super) fn enter(&mut self, entry: &Entry) {
        *self.balances.entry(entry.key).or_default() += entry.alpha;
        // What a swap takes from the old coldkey is the holder's still.
        let taken = self.last.filter(|last| {
            let by = (entry.block, entry.source.map(|source| source.event_index));
            entry.kind == Kind::KeySwap
                && entry.key.coldkey == last.old
                && by == (last.block, Some(last.event_index))
        });
        if let Some(history) = self.histories.get_mut(&taken.map_or(entry.key.coldkey, |last| last.new)) {
            history.entries.push(*entry);
        }
    }

    fn held(&self, coldkey: Coldkey, block: BlockNumber, event_index: Option<u32>) -> Vec<Opening> {
        let own = self.balances.iter().filter(|(key, alpha)| key.coldkey == coldkey && !alpha.is_zero());
        own.map(|(key, alpha)| Opening { block, event_index, key: *key, alpha: *alpha }).collect()
    }
}
