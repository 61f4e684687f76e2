//! The tranches of every holder, as far as they are known: what the store has of a holder is read when something
//! leaves it. Most holders only receive, and what is received needs none of what is there already.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Coldkey, EntryId, HolderTranches, OpenTranche, RaoDelta};

/// Tranches by holder.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownTranches {
    /// All of a holder's tranches, or those since the record was taken up.
    by_holder: BTreeMap<Coldkey, HolderTranches>,
    /// Of whom the store has more. Nothing has left these since the record was taken up.
    unread: BTreeSet<Coldkey>,
}

impl KnownTranches {
    /// Of holders in a store, of which nothing was read yet.
    pub(crate) fn unread(holders: impl IntoIterator<Item = Coldkey>) -> Self {
        Self { by_holder: BTreeMap::new(), unread: holders.into_iter().collect() }
    }

    /// Those of `holders` that must be read before anything leaves them.
    pub(crate) fn missing(&self, holders: &BTreeSet<Coldkey>) -> BTreeSet<Coldkey> {
        holders.intersection(&self.unread).copied().collect()
    }

    /// Takes up a holder: what the store has of it, and what it has to.
    pub(crate) fn read(&mut self, holder: Coldkey, mut stored: Vec<OpenTranche>, balance: RaoDelta) {
        if !self.unread.remove(&holder) {
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
