//! The histories of a window's holders, built entry by entry.

use std::collections::BTreeMap;

use crate::ledger::{Entry, Kind, Succession};
use crate::units::{BlockNumber, Coldkey, PositionKey, RaoDelta};
use crate::window::HolderChange;
use crate::window::ledger::opening::Opening;

/// One holder's history.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) start: BlockNumber,
    pub(super) successions: Vec<Succession>,
    pub(super) openings: Vec<Opening>,
    pub(super) entries: Vec<Entry>,
}

/// The histories of a window's holders, built entry by entry.
pub(super) struct Histories {
    pub(super) balances: BTreeMap<PositionKey, RaoDelta>,
    /// By the coldkey that each holder has at this point.
    pub(super) by_coldkey: BTreeMap<Coldkey, History>,
    /// The last succession so far.
    pub(super) last_succession: Option<Succession>,
}

impl Histories {
    pub(super) fn apply(&mut self, turn: HolderChange) {
        match turn {
            HolderChange::Starts(coldkey, start) => {
                let openings = self.openings_of(coldkey, start, None);
                self.by_coldkey.insert(coldkey, History { start, openings, ..History::default() });
            }
            HolderChange::Succeeds(succession) => {
                let Some(mut history) = self.by_coldkey.remove(&succession.old) else { return };
                history.openings.extend(self.openings_of(
                    succession.new,
                    succession.block,
                    Some(succession.event_index),
                ));
                history.successions.push(succession);
                self.by_coldkey.insert(succession.new, history);
                self.last_succession = Some(succession);
            }
        }
    }

    pub(super) fn add(&mut self, entry: &Entry) {
        *self.balances.entry(entry.key).or_default() += entry.alpha;
        // The entry by which a swap debits the old coldkey still belongs to the holder.
        let taken = self.last_succession.filter(|last| {
            let by = (entry.block, entry.source.map(|source| source.event_index));
            entry.kind == Kind::KeySwap
                && entry.key.coldkey == last.old
                && by == (last.block, Some(last.event_index))
        });
        if let Some(history) = self.by_coldkey.get_mut(&taken.map_or(entry.key.coldkey, |last| last.new)) {
            history.entries.push(*entry);
        }
    }

    fn openings_of(&self, coldkey: Coldkey, block: BlockNumber, event_index: Option<u32>) -> Vec<Opening> {
        let own = self.balances.iter().filter(|(key, alpha)| key.coldkey == coldkey && !alpha.is_zero());
        own.map(|(key, alpha)| Opening { block, event_index, key: *key, alpha: *alpha }).collect()
    }
}
