//! One holder in a window's ledger, under all coldkeys that it had.

use super::WindowLedger;
use crate::ledger::{Entry, EntryId, Tranche, TrancheHistory, UnattributedRule};
use crate::units::Coldkey;

impl WindowLedger {
    /// The tranches of every holder by a rule, each under the coldkey that its holder has at the end of the
    /// window.
    #[must_use]
    pub fn histories(&self, rule: UnattributedRule) -> Vec<TrancheHistory> {
        let under = |coldkey, history: TrancheHistory| TrancheHistory {
            tranche: Tranche { coldkey, ..history.tranche },
            ..history
        };
        let all = self.tranches(rule).into_iter();
        all.flat_map(|(coldkey, histories)| histories.into_iter().map(move |history| under(coldkey, history)))
            .collect()
    }

    /// The entries of a holder, in ledger order, under the coldkeys that it had when they were made. `holder`
    /// is its coldkey at the end of the window. The entry by which a swap debits the old coldkey is not among
    /// them.
    pub fn entries_of(&self, holder: Coldkey) -> impl Iterator<Item = &Entry> {
        self.of_holder(&self.entries, holder)
    }

    /// The entries of a holder, out of some of the window's entries.
    pub(crate) fn of_holder<'a>(
        &'a self,
        some: &'a [Entry],
        holder: Coldkey,
    ) -> impl Iterator<Item = &'a Entry> {
        let start = self.holders.get(&holder).copied();
        some.iter().filter(move |entry| {
            let id = EntryId::of(entry);
            start.is_some_and(|start| entry.block > start) && self.name_of(holder, &id) == entry.key.coldkey
        })
    }

    /// The entries since the epoch before the last; all of them where the window has one epoch.
    pub(crate) fn since_epoch_before(&self) -> &[Entry] {
        let before =
            self.window.epochs.iter().rev().nth(1).map_or(self.window.start, |epoch| epoch.block.number);
        let first = self.entries.partition_point(|entry| entry.block <= before);
        self.entries.get(first..).unwrap_or_default()
    }

    /// The coldkey that a holder had when it made the entry `id`.
    fn name_of(&self, holder: Coldkey, id: &EntryId) -> Coldkey {
        let back = |name, by: &crate::ledger::Succession| {
            if by.new == name && by.carries(id) { by.old } else { name }
        };
        self.successions.iter().rev().fold(holder, back)
    }
}
