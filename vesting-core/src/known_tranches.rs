//! The tranches of every holder, as far as they are known: what the store has of a holder is read when something
//! leaves it. Most holders only receive, and what is received needs none of what is there already.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Coldkey, EntryId, HolderTranches, OpenTranche, PositionKey, RaoDelta};

/// Tranches by holder.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownTranches {
    /// All of a holder's tranches, or those since the record was taken up.
    by_holder: BTreeMap<Coldkey, HolderTranches>,
    /// Of whom the store has more, with what they held when the record was taken up. Nothing has left these since.
    unread: BTreeMap<Coldkey, RaoDelta>,
}

impl KnownTranches {
    /// Of holders in a store, of which nothing was read yet. At a watermark Σ tranches and Σ `balances` are equal.
    pub(crate) fn unread(holders: impl IntoIterator<Item = Coldkey>, balances: &BTreeMap<PositionKey, RaoDelta>) -> Self {
        let mut unread: BTreeMap<Coldkey, RaoDelta> = holders.into_iter().map(|holder| (holder, RaoDelta::ZERO)).collect();
        for (key, alpha) in balances {
            unread.entry(key.coldkey).and_modify(|held| *held += *alpha);
        }
        Self { by_holder: BTreeMap::new(), unread }
    }

    /// What a holder's tranches hold, less what they owe.
    pub(crate) fn stake(&self, holder: &Coldkey) -> RaoDelta {
        let since = self.by_holder.get(holder).map(HolderTranches::stake).unwrap_or_default();
        self.unread.get(holder).copied().unwrap_or_default() + since
    }

    /// Those of `holders` that must be read before anything leaves them.
    pub(crate) fn missing(&self, holders: &BTreeSet<Coldkey>) -> BTreeSet<Coldkey> {
        holders.iter().filter(|holder| self.unread.contains_key(holder)).copied().collect()
    }

    /// Takes up a holder: what the store has of it, and what it has to.
    pub(crate) fn read(&mut self, holder: Coldkey, mut stored: Vec<OpenTranche>, balance: RaoDelta) {
        if self.unread.remove(&holder).is_none() {
            return;
        }
        // Some of what came since is in the store by now, and nothing of it has left.
        let have: BTreeSet<(Coldkey, EntryId)> = stored.iter().map(|open| (open.tranche.coldkey, open.tranche.id)).collect();
        let since = self.by_holder.remove(&holder).unwrap_or_default();
        stored.extend(since.open().iter().filter(|open| !have.contains(&(open.tranche.coldkey, open.tranche.id))));
        self.by_holder.insert(holder, HolderTranches::resume(stored, balance));
    }

    /// A holder's tranches, to add to; whoever takes from them must have read them.
    pub(crate) fn of(&mut self, holder: Coldkey) -> &mut HolderTranches {
        self.by_holder.entry(holder).or_default()
    }

    /// A holder's tranches, which are another's from here on.
    pub(crate) fn take(&mut self, holder: Coldkey) -> HolderTranches {
        self.by_holder.remove(&holder).unwrap_or_default()
    }
}
