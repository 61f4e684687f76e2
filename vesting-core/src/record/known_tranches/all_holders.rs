//! The tranches of all holders, by holder.

use std::collections::BTreeMap;

use crate::ledger::{HolderTranches, OpenTranche};
use crate::ports::TranchePage;
use crate::record::known_tranches::holder::{KnownHolder, PAGE_OF_ALL};
use crate::record::known_tranches::need::Need;
use crate::record::known_tranches::page_read::PageRead;
use crate::record::known_tranches::reading::Reading;
use crate::record::known_tranches::stored_only::{block, held};
use crate::units::{BlockNumber, Coldkey, PositionKey, RaoDelta};

/// The tranches in memory, by holder.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownTranches {
    pub(super) by_holder: BTreeMap<Coldkey, KnownHolder>,
    /// Holders whose stored tranches were not read yet, with what these held when the record was resumed.
    /// Nothing was debited from them since.
    pub(super) unread: BTreeMap<Coldkey, RaoDelta>,
}

impl KnownTranches {
    /// Begins with holders whose tranches are only in the store. At a watermark Σ tranches equals Σ
    /// `balances`.
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

    /// What a holder's tranches hold, less the deficit.
    pub(crate) fn stake(&self, holder: &Coldkey) -> RaoDelta {
        let since = self.by_holder.get(holder).map(KnownHolder::stake).unwrap_or_default();
        self.unread.get(holder).copied().unwrap_or_default() + since
    }

    /// Begins to read the stored tranches of a holder; `None` if they were read before. Entries may still
    /// come after block `settled`.
    pub(crate) fn begin_reading(&self, holder: &Coldkey, settled: BlockNumber) -> Option<Reading> {
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
            stored_only: None,
            oldest: Vec::new(),
        })
    }

    /// Finishes reading a holder, whose positions hold `balance` by the entries recorded.
    pub(crate) fn finish_reading(&mut self, holder: Coldkey, reading: Reading, balance: RaoDelta) {
        if self.unread.remove(&holder).is_none() {
            return;
        }
        let Reading { newest, stored_only, oldest, keeps_down_to, .. } = reading;
        let mut open = oldest;
        open.extend(newest);
        open.extend(self.by_holder.remove(&holder).unwrap_or_default().tranches.open());
        let balance = balance - stored_only.map(|stored_only| stored_only.held).unwrap_or_default();
        let mut known = KnownHolder { tranches: HolderTranches::resume(open, balance), stored_only };
        known.evict(keeps_down_to);
        self.by_holder.insert(holder, known);
    }

    /// The page of a holder's tranches that must be read before a debit; `None` if enough are in memory.
    pub(crate) fn missing_page(&self, holder: &Coldkey, need: &Need) -> Option<TranchePage> {
        self.by_holder.get(holder)?.missing_page(need)
    }

    /// Adds such a page.
    pub(crate) fn add_page(
        &mut self,
        holder: &Coldkey,
        page: &TranchePage,
        stored: Vec<OpenTranche>,
        is_own: impl Fn(&OpenTranche) -> bool,
    ) {
        let read = PageRead::of(&stored);
        if let Some(known) = self.by_holder.get_mut(holder) {
            known.add_page(page, &read, stored.into_iter().filter(is_own).collect());
        }
    }

    /// A holder's tranches, to apply entries to. Before a debit, the [missing pages](Self::missing_page) must
    /// have been read.
    pub(crate) fn of_holder(&mut self, holder: Coldkey) -> &mut HolderTranches {
        &mut self.by_holder.entry(holder).or_default().tranches
    }

    /// Takes out a holder's tranches for its successor. All of them must have been read.
    pub(crate) fn take_out(&mut self, holder: Coldkey) -> HolderTranches {
        self.by_holder.remove(&holder).unwrap_or_default().tranches
    }

    /// Evicts tranches that are in the store in the same form. No more entries come up to block `settled`.
    pub(crate) fn evict(&mut self, settled: BlockNumber) {
        let unread = &mut self.unread;
        self.by_holder.retain(|holder, known| {
            let Some(held_before) = unread.get_mut(holder) else {
                known.evict(settled);
                return true;
            };
            let end = known.tranches.open().partition_point(|open| block(open) <= settled);
            *held_before += held(&known.tranches.evict(0..end));
            !known.tranches.open().is_empty()
        });
    }

    /// How many tranches are in memory.
    #[cfg(test)]
    pub(crate) fn in_memory(&self) -> usize {
        self.by_holder.values().map(|known| known.tranches.open().len()).sum()
    }
}
