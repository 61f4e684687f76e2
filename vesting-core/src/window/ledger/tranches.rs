//! The tranches of a window's holders, from the window's ledger alone.
//!
//! The tranches stored with a record follow every coldkey that ever was a holder, so they depend on when the
//! record began. A former miner that swaps its coldkey passes on a history there. In the window it passes on
//! only stake.

use std::collections::{BTreeMap, BTreeSet};

use super::{Opening, WindowLedger};
use crate::ledger::{
    Entry, EntryId, HolderTranches, Kind, Moment, Succession, TrancheChange, TrancheHistory, UnattributedRule,
};
use crate::units::{BlockNumber, Coldkey, Millis, NetUid, RaoDelta};

impl WindowLedger {
    /// The tranches of each holder, oldest first, with their exits up to `as_of`. A reward has the time of
    /// its epoch. Any other tranche has the time of the last epoch before it, since no figure depends on
    /// that. Unattributed changes count by `rule`.
    #[must_use]
    pub fn tranches(&self, rule: UnattributedRule) -> BTreeMap<Coldkey, Vec<TrancheHistory>> {
        let mut events: Vec<WindowEvent<'_>> = self
            .openings
            .iter()
            .filter(|opening| opening.event_index.is_none())
            .map(WindowEvent::Open)
            .collect();
        events.extend(self.successions.iter().map(WindowEvent::Succeed));
        events.extend(self.entries.iter().map(WindowEvent::Enter));
        // The sort is stable: events at one moment are in order already.
        events.sort_by_key(WindowEvent::moment);
        let received = self.received();
        let mut holders: BTreeMap<Coldkey, HolderHistory> = BTreeMap::new();
        for event in events {
            match event {
                WindowEvent::Open(opening) => holders.entry(opening.key.coldkey).or_default().open(
                    self.netuid,
                    opening,
                    self.time_of(opening.block),
                ),
                WindowEvent::Succeed(by) => {
                    let mut own = HolderTranches::default();
                    for opening in self
                        .openings
                        .iter()
                        .filter(|o| o.event_index == Some(by.event_index) && o.block == by.block)
                    {
                        own.apply(&opening.entry(self.netuid), self.time_of(by.block));
                    }
                    let history = holders.remove(&by.old).unwrap_or_default();
                    holders
                        .insert(by.new, history.continue_under(own, self.netuid, by, self.time_of(by.block)));
                }
                WindowEvent::Enter(entry) => {
                    let history = holders.entry(entry.key.coldkey).or_default();
                    history.enter(entry, received.contains(&swap_of(entry)), self.time_of(entry.block), rule);
                }
            }
        }
        holders
            .into_iter()
            .map(|(coldkey, history)| (coldkey, history.histories.into_values().collect()))
            .collect()
    }

    /// The swaps by which a holder received the stake of a coldkey that was no holder.
    fn received(&self) -> BTreeSet<Swap> {
        let mut sums: BTreeMap<Swap, RaoDelta> = BTreeMap::new();
        for entry in self.entries.iter().filter(|entry| entry.kind == Kind::KeySwap) {
            *sums.entry(swap_of(entry)).or_default() += entry.alpha;
        }
        for by in &self.successions {
            sums.remove(&(by.block, Some(by.event_index), by.new));
        }
        sums.into_iter().filter(|(_, sum)| sum.0 > 0).map(|(swap, _)| swap).collect()
    }

    fn time_of(&self, block: BlockNumber) -> Millis {
        let after = self.window.epochs.partition_point(|epoch| epoch.block.number <= block);
        self.window.epochs.get(after.saturating_sub(1)).map_or(Millis(0), |epoch| epoch.time)
    }
}

/// The event of a swap, and the coldkey that it credits or debits.
type Swap = (BlockNumber, Option<u32>, Coldkey);

fn swap_of(entry: &Entry) -> Swap {
    (entry.block, entry.source.map(|source| source.event_index), entry.key.coldkey)
}

impl Opening {
    fn entry(&self, netuid: NetUid) -> Entry {
        Entry {
            netuid,
            block: self.block,
            source: None,
            key: self.key,
            kind: Kind::Opening,
            alpha: self.alpha,
        }
    }
}

/// What happens in a window.
enum WindowEvent<'a> {
    Open(&'a Opening),
    Succeed(&'a Succession),
    Enter(&'a Entry),
}

impl WindowEvent<'_> {
    /// When it happens. At one event, a succession comes before its entries.
    fn moment(&self) -> (Moment, bool) {
        match self {
            Self::Open(opening) => (Moment::end_of(opening.block), true),
            Self::Succeed(by) => (by.moment(), false),
            Self::Enter(entry) => (EntryId::of(entry).moment(), true),
        }
    }
}

/// A holder's open tranches, and the histories of all its tranches.
#[derive(Debug, Default)]
struct HolderHistory {
    open: HolderTranches,
    histories: BTreeMap<(BlockNumber, Coldkey, EntryId), TrancheHistory>,
}

impl HolderHistory {
    fn open(&mut self, netuid: NetUid, opening: &Opening, time: Millis) {
        let change = self.open.apply(&opening.entry(netuid), time);
        self.add(change);
    }

    fn enter(&mut self, entry: &Entry, received: bool, time: Millis, rule: UnattributedRule) {
        let received = received && entry.kind == Kind::KeySwap;
        let change =
            if received { self.open.receive(entry, time) } else { self.open.apply_by(entry, time, rule) };
        self.add(change);
    }

    /// Continues under the new coldkey, which itself history `own`.
    fn continue_under(
        mut self,
        mut own: HolderTranches,
        netuid: NetUid,
        by: &Succession,
        time: Millis,
    ) -> Self {
        let taken = own.take_over(self.open, netuid, by.new, by, time);
        self.open = own;
        // The tranches of `own` do not belong to this history, so neither do their exits.
        self.add(TrancheChange { exits: Vec::new(), ..taken });
        self
    }

    fn add(&mut self, change: TrancheChange) {
        if let Some(tranche) = change.opened {
            let place = (tranche.id.block, tranche.coldkey, tranche.id);
            self.histories.insert(place, TrancheHistory { tranche, exits: Vec::new() });
        }
        for exit in change.exits {
            if let Some(history) = self.histories.get_mut(&(exit.tranche.block, exit.coldkey, exit.tranche)) {
                history.exits.push(exit);
            }
        }
    }
}
