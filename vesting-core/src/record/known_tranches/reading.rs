//! Reading a holder's tranches for the first time.

use std::collections::BTreeSet;

use crate::ledger::{EntryId, OpenTranche};
use crate::ports::TranchePage;
use crate::record::known_tranches::page_read::PageRead;
use crate::record::known_tranches::stored_only::StoredOnly;
use crate::units::{BlockNumber, Coldkey};

/// Reads a holder's tranches for the first time, newest first. Those in the middle are only added up.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(super) page: Option<TranchePage>,
    /// The tranches opened since the record was resumed. Some of them are in the store by now.
    pub(super) since: BTreeSet<(Coldkey, EntryId)>,
    /// All tranches from this block on are kept.
    pub(super) keeps_down_to: BlockNumber,
    pub(super) newest: Vec<OpenTranche>,
    pub(super) stored_only: Option<StoredOnly>,
    pub(super) oldest: Vec<OpenTranche>,
}

impl Reading {
    /// The next page to read; `None` at the end.
    pub(crate) const fn page(&self) -> Option<TranchePage> {
        self.page
    }

    /// Adds a page. `is_own` says whether a tranche belongs to the holder.
    pub(crate) fn add_page(&mut self, stored: Vec<OpenTranche>, is_own: impl Fn(&OpenTranche) -> bool) {
        let Some(page) = self.page else { return };
        let read = PageRead::of(&stored);
        self.page = read.rest(&page).map(|(from, to)| TranchePage { from, to, ..page });
        let own = stored
            .into_iter()
            .filter(|open| is_own(open) && !self.since.contains(&(open.tranche.coldkey, open.tranche.id)));
        let own: Vec<OpenTranche> = own.collect();
        if self.newest.is_empty() || page.to >= self.keeps_down_to {
            return self.newest.extend(own);
        }
        if !own.is_empty() {
            // There is an older page than the last one, so that one is in the middle.
            self.stored_only = StoredOnly::with(self.stored_only, &self.oldest);
            self.oldest = own;
        }
    }
}
