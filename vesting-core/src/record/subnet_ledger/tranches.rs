//! The tranches of a ledger's holders: read when something leaves them, and let go of once they are in the store.

use std::collections::BTreeSet;

use crate::ledger::{OpenTranche, Successions};
use crate::ports::TranchePage;
use crate::record::known_tranches::{Need, Reading};
use crate::record::subnet_ledger::ledger::SubnetLedger;
use crate::units::{BlockNumber, Coldkey};

impl SubnetLedger {
    /// The coldkeys that may have entered tranches of a holder: itself, and whomever it took over from.
    pub(crate) fn entered_by(&self, holder: Coldkey) -> BTreeSet<Coldkey> {
        let mut names = BTreeSet::from([holder]);
        for succession in self.successions.iter().rev() {
            if names.contains(&succession.new) {
                names.insert(succession.old);
            }
        }
        names
    }

    /// Whether an open tranche is a holder's now.
    fn owns(successions: &Successions, holder: Coldkey, open: &OpenTranche) -> bool {
        successions.holder_of(open.tranche.coldkey, &open.tranche.id, BlockNumber(u64::MAX)) == holder
    }

    /// How to read the tranches of a holder of which nothing was read yet.
    pub(crate) fn reading(&self, holder: Coldkey) -> Option<Reading> {
        self.tranches.reading(&holder, self.interval.from.unwrap_or_default())
    }

    /// Takes a page of such a holder: the open tranches in the store that were entered by
    /// [`Self::entered_by`] it.
    pub(crate) fn take_reading(&self, holder: Coldkey, reading: &mut Reading, stored: Vec<OpenTranche>) {
        reading.take(stored, |open| Self::owns(&self.successions, holder, open));
    }

    /// Takes up such a holder between two blocks.
    pub(crate) fn read_tranches(&mut self, holder: Coldkey, reading: Reading) {
        let balance =
            self.balances.iter().filter(|(key, _)| key.coldkey == holder).map(|(_, alpha)| *alpha).sum();
        self.tranches.read(holder, reading, balance);
    }

    /// The page of a holder's tranches that must be read before something leaves it.
    pub(crate) fn lacks(&self, holder: Coldkey, need: &Need) -> Option<TranchePage> {
        self.tranches.lacks(&holder, need)
    }

    /// Takes up such a page.
    pub(crate) fn take_page(&mut self, holder: Coldkey, page: &TranchePage, stored: Vec<OpenTranche>) {
        let successions = &self.successions;
        self.tranches.take_page(&holder, page, stored, |open| Self::owns(successions, holder, open));
    }

    /// Lets go of the tranches that need not be at hand, once all that was taken in is in the store.
    pub(crate) fn let_go(&mut self) {
        if self.pending.blocks == 0
            && let Some(from) = self.interval.from
        {
            self.tranches.let_go(from);
        }
    }
}
