//! What is known of one holder's tranches.

use crate::ledger::{HolderTranches, OpenTranche};
use crate::ports::{End, TranchePage};
use crate::record::known_tranches::hidden::{Hidden, block, held};
use crate::record::known_tranches::need::Need;
use crate::record::known_tranches::page_read::Read;
use crate::units::{BlockNumber, RaoDelta};

/// As many tranches are kept at each end when there are more than [`MOST`]; those of one block stay together.
pub(super) const KEPT: usize = 16;
/// As many tranches an end may have before it is cut back.
pub(super) const MOST: usize = 2 * KEPT;
/// As many are read at once when those at an end do not last.
pub(super) const PAGE: u32 = 32;
/// As many are read at once on the way through all of a holder's.
pub(super) const PAGE_OF_ALL: u32 = 2_048;

/// What is known of one holder: all of its tranches, or those at both ends; of one that is not read yet, the
/// newest.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    pub(super) tranches: HolderTranches,
    pub(super) hidden: Option<Hidden>,
}

impl Known {
    /// Where the tranches that are kept are older than what is hidden.
    fn oldest(&self) -> &[OpenTranche] {
        let open = self.tranches.open();
        let end =
            self.hidden.map_or(open.len(), |hidden| open.partition_point(|open| block(open) < hidden.from));
        &open[..end]
    }

    /// Where they are newer.
    fn newest(&self) -> &[OpenTranche] {
        let open = self.tranches.open();
        let begin = self.hidden.map_or(0, |hidden| open.partition_point(|open| block(open) <= hidden.to));
        &open[begin..]
    }

    pub(super) fn stake(&self) -> RaoDelta {
        self.tranches.stake() + self.hidden.map(|hidden| hidden.held).unwrap_or_default()
    }

    /// The part of what is hidden that must be read first.
    pub(super) fn lacks(&self, need: &Need) -> Option<TranchePage> {
        let Hidden { from, to, .. } = self.hidden?;
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

    /// Takes up a page of what is hidden; `own` are those of it that are this holder's.
    pub(super) fn take(&mut self, page: &TranchePage, read: &Read, own: Vec<OpenTranche>) {
        let Some(hidden) = self.hidden else { return };
        let left = hidden.held - held(&own);
        self.hidden = read.rest(page).map(|(from, to)| Hidden { from, to, held: left });
        self.tranches.add_stored(own);
    }

    /// Lets go of the tranches in the middle that came up to a block, all of which are in the store as they
    /// stand.
    pub(super) fn let_go(&mut self, up_to: BlockNumber) {
        let open = self.tranches.open();
        let (old, new) = (self.oldest().len(), open.len() - self.newest().len());
        let settled = open.partition_point(|open| block(open) <= up_to);
        // Of one block all or none.
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
        let (begin, end) = if self.hidden.is_some() {
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
        let gone = self.tranches.let_go(begin..end);
        self.hidden = Hidden::with(self.hidden, &gone);
    }
}
