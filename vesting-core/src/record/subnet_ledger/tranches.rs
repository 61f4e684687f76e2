//! The tranches of a ledger's holders. They are read when a debit needs them, and evicted once they are in
//! the store.

use std::collections::BTreeSet;

use crate::ledger::{OpenTranche, Successions};
use crate::ports::TranchePage;
use crate::record::known_tranches::{Need, Reading};
use crate::record::subnet_ledger::ledger::SubnetLedger;
use crate::units::{BlockNumber, Coldkey};

impl SubnetLedger {
    /// The coldkeys that may have entered tranches of a holder: the holder itself, and those it took over
    /// from.
    pub(crate) fn entered_by(&self, holder: Coldkey) -> BTreeSet<Coldkey> {
        let mut names = BTreeSet::from([holder]);
        for succession in self.successions.iter().rev() {
            if names.contains(&succession.new) {
                names.insert(succession.old);
            }
        }
        names
    }

    /// Whether an open tranche belongs to a holder now.
    fn owns(successions: &Successions, holder: Coldkey, open: &OpenTranche) -> bool {
        successions.holder_of(open.tranche.coldkey, &open.tranche.id, BlockNumber(u64::MAX)) == holder
    }

    /// Begins to read the tranches of a holder; `None` if they were read before.
    pub(crate) fn begin_reading(&self, holder: Coldkey) -> Option<Reading> {
        self.tranches.begin_reading(&holder, self.interval.from.unwrap_or_default())
    }

    /// Adds a page to such a reading: open tranches in the store that [`Self::entered_by`] the holder names.
    pub(crate) fn add_to_reading(&self, holder: Coldkey, reading: &mut Reading, stored: Vec<OpenTranche>) {
        reading.add_page(stored, |open| Self::owns(&self.successions, holder, open));
    }

    /// Finishes such a reading. It must be between two blocks.
    pub(crate) fn finish_reading(&mut self, holder: Coldkey, reading: Reading) {
        let balance =
            self.balances.iter().filter(|(key, _)| key.coldkey == holder).map(|(_, alpha)| *alpha).sum();
        self.tranches.finish_reading(holder, reading, balance);
    }

    /// The page of a holder's tranches that must be read before a debit; `None` if enough are in memory.
    pub(crate) fn missing_page(&self, holder: Coldkey, need: &Need) -> Option<TranchePage> {
        self.tranches.missing_page(&holder, need)
    }

    /// Adds such a page.
    pub(crate) fn add_page(&mut self, holder: Coldkey, page: &TranchePage, stored: Vec<OpenTranche>) {
        let successions = &self.successions;
        self.tranches.add_page(&holder, page, stored, |open| Self::owns(successions, holder, open));
    }

    /// Evicts the tranches that need not be in memory, if everything recorded is in the store.
    pub(crate) fn evict(&mut self) {
        if self.pending.blocks == 0
            && let Some(from) = self.interval.from
        {
            self.tranches.evict(from);
        }
    }
}
