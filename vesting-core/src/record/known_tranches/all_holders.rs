//! The tranches of all holders, by holder.

use std::collections::BTreeMap;

use crate::ledger::{HolderTranches, OpenTranche};
use crate::ports::TranchePage;
use crate::record::known_tranches::hidden::{block, held};
use crate::record::known_tranches::holder::{Known, PAGE_OF_ALL};
use crate::record::known_tranches::need::Need;
use crate::record::known_tranches::page_read::Read;
use crate::record::known_tranches::reading::Reading;
use crate::units::{BlockNumber, Coldkey, PositionKey, RaoDelta};

/// Tranches by holder.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownTranches {
    pub(super) by_holder: BTreeMap<Coldkey, Known>,
    /// Of whom nothing was read yet, with what they held when the record was taken up. Nothing has left these
    /// since.
    pub(super) unread: BTreeMap<Coldkey, RaoDelta>,
}

impl KnownTranches {
    /// Of holders in a store, of which nothing was read yet. At a watermark Σ tranches and Σ `balances` are
    /// equal.
    pub(crate) fn unread(
        holders: impl IntoIterator<Item = Coldkey>,
        balances: &BTreeMap<PositionKey, RaoDelta>,
    ) -> Self {
        let mut unread: BTreeMap<Coldkey, RaoDelta> =
            holders.into_iter().map(|holder| (holder, RaoDelta::ZERO)).collect();
        for (key, alpha) in balances {
            unread.entry(key.coldkey).and_modify(|held| *held += *alpha);
        }
        Self { by_holder: BTreeMap::new(), unread }
    }

    /// What a holder's tranches hold, less what they owe.
    pub(crate) fn stake(&self, holder: &Coldkey) -> RaoDelta {
        let since = self.by_holder.get(holder).map(Known::stake).unwrap_or_default();
        self.unread.get(holder).copied().unwrap_or_default() + since
    }

    /// How to read a holder of which nothing was read yet; `settled` is the block from which on entries still
    /// come.
    pub(crate) fn reading(&self, holder: &Coldkey, settled: BlockNumber) -> Option<Reading> {
        if !self.unread.contains_key(holder) {
            return None;
        }
        let since = self.by_holder.get(holder).map(|known| known.tranches.open()).unwrap_or_default();
        let first_since = since.iter().map(block).min().unwrap_or(BlockNumber(u64::MAX));
        Some(Reading {
            page: Some(TranchePage { least: PAGE_OF_ALL, ..TranchePage::ALL }),
            since: since.iter().map(|open| (open.tranche.coldkey, open.tranche.id)).collect(),
            keeps_down_to: settled.min(first_since),
            newest: Vec::new(),
            hidden: None,
            oldest: Vec::new(),
        })
    }

    /// Takes up a holder that was read, whose positions hold this much by what is taken in.
    pub(crate) fn read(&mut self, holder: Coldkey, reading: Reading, balance: RaoDelta) {
        if self.unread.remove(&holder).is_none() {
            return;
        }
        let Reading { newest, hidden, oldest, keeps_down_to, .. } = reading;
        let mut open = oldest;
        open.extend(newest);
        open.extend(self.by_holder.remove(&holder).unwrap_or_default().tranches.open());
        let balance = balance - hidden.map(|hidden| hidden.held).unwrap_or_default();
        let mut known = Known { tranches: HolderTranches::resume(open, balance), hidden };
        known.let_go(keeps_down_to);
        self.by_holder.insert(holder, known);
    }

    /// The page of a holder's tranches that must be read before something leaves it.
    pub(crate) fn lacks(&self, holder: &Coldkey, need: &Need) -> Option<TranchePage> {
        self.by_holder.get(holder)?.lacks(need)
    }

    /// Takes up such a page.
    pub(crate) fn take_page(
        &mut self,
        holder: &Coldkey,
        page: &TranchePage,
        stored: Vec<OpenTranche>,
        is_own: impl Fn(&OpenTranche) -> bool,
    ) {
        let read = Read::of(&stored);
        if let Some(known) = self.by_holder.get_mut(holder) {
            known.take(page, &read, stored.into_iter().filter(is_own).collect());
        }
    }

    /// A holder's tranches, to add to; whoever takes from them must have read what it [lacks](Self::lacks).
    pub(crate) fn of(&mut self, holder: Coldkey) -> &mut HolderTranches {
        &mut self.by_holder.entry(holder).or_default().tranches
    }

    /// A holder's tranches, all of which must have been read, and which are another's from here on.
    pub(crate) fn take(&mut self, holder: Coldkey) -> HolderTranches {
        self.by_holder.remove(&holder).unwrap_or_default().tranches
    }

    /// Lets go of what is in the store as it stands; before `settled` no entry comes any more.
    pub(crate) fn let_go(&mut self, settled: BlockNumber) {
        let unread = &mut self.unread;
        self.by_holder.retain(|holder, known| {
            let Some(held_before) = unread.get_mut(holder) else {
                known.let_go(settled);
                return true;
            };
            let end = known.tranches.open().partition_point(|open| block(open) <= settled);
            *held_before += held(&known.tranches.let_go(0..end));
            !known.tranches.open().is_empty()
        });
    }

    /// How many tranches are at hand.
    #[cfg(test)]
    pub(crate) fn at_hand(&self) -> usize {
        self.by_holder.values().map(|known| known.tranches.open().len()).sum()
    }
}
