//! One holder's tranches in memory.

use crate::ledger::{HolderTranches, OpenTranche};
use crate::ports::{End, TranchePage};
use crate::record::known_tranches::need::Need;
use crate::record::known_tranches::page_read::PageRead;
use crate::record::known_tranches::stored_only::{StoredOnly, block, held};
use crate::units::{BlockNumber, RaoDelta};

/// The tranches that are kept at each end when there are more than [`MOST`]. Those of one block stay
/// together.
pub(super) const KEPT: usize = 16;
/// The most tranches of an end before it is cut back.
pub(super) const MOST: usize = 2 * KEPT;
/// The tranches that are read at once when an end is used up.
pub(super) const PAGE: u32 = 32;
/// The tranches that are read at once when all of a holder's are read.
pub(super) const PAGE_OF_ALL: u32 = 2_048;

/// One holder's tranches in memory: all of them, or those at both ends. If the stored ones were not read yet,
/// only the newest.
#[derive(Debug, Clone, Default)]
pub(super) struct KnownHolder {
    pub(super) tranches: HolderTranches,
    pub(super) stored_only: Option<StoredOnly>,
}

impl KnownHolder {
    /// The tranches in memory that are older than those only in the store.
    fn oldest(&self) -> &[OpenTranche] {
        let open = self.tranches.open();
        let end = self
            .stored_only
            .map_or(open.len(), |stored_only| open.partition_point(|open| block(open) < stored_only.from));
        &open[..end]
    }

    /// The tranches in memory that are newer than those only in the store.
    fn newest(&self) -> &[OpenTranche] {
        let open = self.tranches.open();
        let begin = self
            .stored_only
            .map_or(0, |stored_only| open.partition_point(|open| block(open) <= stored_only.to));
        &open[begin..]
    }

    pub(super) fn stake(&self) -> RaoDelta {
        self.tranches.stake() + self.stored_only.map(|stored_only| stored_only.held).unwrap_or_default()
    }

    /// The page that must be read first, of those only in the store.
    pub(super) fn missing_page(&self, need: &Need) -> Option<TranchePage> {
        let StoredOnly { from, to, .. } = self.stored_only?;
        let lasts = |tranches: &[OpenTranche], amount: u128| {
            amount == 0 || held(tranches).0 >= i128::try_from(amount).unwrap_or(i128::MAX)
        };
        let first = if need.all || !lasts(self.newest(), need.leaving.newest) {
            End::Newest
        } else if !lasts(self.oldest(), need.leaving.oldest) {
            End::Oldest
        } else {
            return None;
        };
        Some(TranchePage { from, to, first, least: if need.all { PAGE_OF_ALL } else { PAGE } })
    }

    /// Adds a page of those only in the store. `own` are the tranches of the page that belong to this holder.
    pub(super) fn add_page(&mut self, page: &TranchePage, read: &PageRead, own: Vec<OpenTranche>) {
        let Some(stored_only) = self.stored_only else { return };
        let left = stored_only.held - held(&own);
        self.stored_only = read.rest(page).map(|(from, to)| StoredOnly { from, to, held: left });
        self.tranches.add_stored(own);
    }

    /// Evicts tranches in the middle that were entered up to a block. All of these are in the store in the
    /// same form.
    pub(super) fn evict(&mut self, up_to: BlockNumber) {
        let open = self.tranches.open();
        let (old, new) = (self.oldest().len(), open.len() - self.newest().len());
        let settled = open.partition_point(|open| block(open) <= up_to);
        // Either all tranches of a block are kept or none.
        let forward = |place: usize, end: usize| {
            let Some(at) = open.get(place - 1).map(block) else { return end };
            place
                + open.get(place..end).unwrap_or_default().iter().take_while(|open| block(open) == at).count()
        };
        let back = |place: usize, end: usize| {
            let Some(at) = open.get(place).map(block) else { return end };
            place
                - open
                    .get(end..place)
                    .unwrap_or_default()
                    .iter()
                    .rev()
                    .take_while(|open| block(open) == at)
                    .count()
        };
        let (begin, end) = if self.stored_only.is_some() {
            let begin = if old > MOST { forward(KEPT, old) } else { old };
            let settled = settled.max(new);
            let end = if settled - new > MOST { back(settled - KEPT, new) } else { new };
            (begin, end)
        } else if settled > 2 * MOST {
            let begin = forward(KEPT, settled);
            (begin, back(settled - KEPT, begin).max(begin))
        } else {
            return;
        };
        if begin == end {
            return;
        }
        let gone = self.tranches.evict(begin..end);
        self.stored_only = StoredOnly::with(self.stored_only, &gone);
    }
}
