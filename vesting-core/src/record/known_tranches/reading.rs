//! A holder that is being read for the first time.

use std::collections::BTreeSet;

use crate::ledger::{EntryId, OpenTranche};
use crate::ports::TranchePage;
use crate::record::known_tranches::hidden::Hidden;
use crate::record::known_tranches::page_read::Read;
use crate::units::{BlockNumber, Coldkey};

/// A holder that is being read for the first time, from the newest of its tranches on: those in the middle
/// are only added up.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(super) page: Option<TranchePage>,
    /// What came since the record was taken up; some of it is in the store by now.
    pub(super) since: BTreeSet<(Coldkey, EntryId)>,
    /// Down to this block all are kept.
    pub(super) keeps_down_to: BlockNumber,
    pub(super) newest: Vec<OpenTranche>,
    pub(super) hidden: Option<Hidden>,
    pub(super) oldest: Vec<OpenTranche>,
}

impl Reading {
    /// What is to be read next.
    pub(crate) const fn page(&self) -> Option<TranchePage> {
        self.page
    }

    /// Takes a page; `is_own` tells whose it is.
    pub(crate) fn take(&mut self, stored: Vec<OpenTranche>, is_own: impl Fn(&OpenTranche) -> bool) {
        let Some(page) = self.page else { return };
        let read = Read::of(&stored);
        self.page = read.rest(&page).map(|(from, to)| TranchePage { from, to, ..page });
        let own = stored
            .into_iter()
            .filter(|open| is_own(open) && !self.since.contains(&(open.tranche.coldkey, open.tranche.id)));
        let own: Vec<OpenTranche> = own.collect();
        if self.newest.is_empty() || page.to >= self.keeps_down_to {
            return self.newest.extend(own);
        }
        if !own.is_empty() {
            // The page before this one turns out to be in the middle.
            self.hidden = Hidden::with(self.hidden, &self.oldest);
            self.oldest = own;
        }
    }
}
