//! The tranches of a window's holders, from its ledger alone.
//!
//! Those stored with a record follow every coldkey that ever was a holder, so they depend on when it
//! began: a coldkey swap from who was a miner long ago hands on a history there, and in the window just
//! stake.

use std::collections::{BTreeMap, BTreeSet};

use super::{Opening, WindowLedger};
use crate::ledger::{
    Entry, EntryId, HolderTranches, Kind, Moment, Succession, TrancheChange, TrancheHistory, UnattributedRule,
};
use crate::units::{BlockNumber, Coldkey, Millis, NetUid, RaoDelta};

impl WindowLedger {
    /// The tranches of each holder with what left them up to `as_of`, oldest first. A reward has the time of
    /// its epoch; anything else that of the last epoch before it, since no figure depends on it. What nothing
    /// explains goes by `rule`.
    #[must_use]
    pub fn tranches(&self, rule: UnattributedRule) -> BTreeMap<Coldkey, Vec<TrancheHistory>> {
        let mut steps: Vec<Step<'_>> =
            self.openings.iter().filter(|opening| opening.event_index.is_none()).map(Step::Open).collect();
        steps.extend(self.successions.iter().map(Step::Succeed));
        steps.extend(self.entries.iter().map(Step::Enter));
        // Stable: what is at one place is in order already.
        steps.sort_by_key(Step::moment);
        let received = self.received();
        let mut holders: BTreeMap<Coldkey, Held> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Open(opening) => holders.entry(opening.key.coldkey).or_default().open(
                    self.netuid,
                    opening,
                    self.time_of(opening.block),
                ),
                Step::Succeed(by) => {
                    let mut own = HolderTranches::default();
                    for opening in self
                        .openings
                        .iter()
                        .filter(|o| o.event_index == Some(by.event_index) && o.block == by.block)
                    {
                        own.apply(&opening.entry(self.netuid), self.time_of(by.block));
                    }
                    let held = holders.remove(&by.old).unwrap_or_default();
                    holders.insert(by.new, held.under(own, self.netuid, by, self.time_of(by.block)));
                }
                Step::Enter(entry) => {
                    let held = holders.entry(entry.key.coldkey).or_default();
                    held.enter(entry, received.contains(&swap_of(entry)), self.time_of(entry.block), rule);
                }
            }
        }
        holders.into_iter().map(|(coldkey, held)| (coldkey, held.histories.into_values().collect())).collect()
    }

    /// The events by which a holder received the stake of a coldkey that was none.
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

/// A swap, and whom it brought or took stake.
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

/// What happens in a window, in order.
enum Step<'a> {
    Open(&'a Opening),
    Succeed(&'a Succession),
    Enter(&'a Entry),
}

impl Step<'_> {
    /// When it happens; of one event a succession comes before its entries.
    fn moment(&self) -> (Moment, bool) {
        match self {
            Self::Open(opening) => (Moment::end_of(opening.block), true),
            Self::Succeed(by) => (by.moment(), false),
            Self::Enter(entry) => (EntryId::of(entry).moment(), true),
        }
    }
}

/// What a holder has, and had.
#[derive(Debug, Default)]
struct Held {
    open: HolderTranches,
    histories: BTreeMap<(BlockNumber, Coldkey, EntryId), TrancheHistory>,
}

impl Held {
    fn open(&mut self, netuid: NetUid, opening: &Opening, time: Millis) {
        let change = self.open.apply(&opening.entry(netuid), time);
        self.keep(change);
    }

    fn enter(&mut self, entry: &Entry, received: bool, time: Millis, rule: UnattributedRule) {
        let received = received && entry.kind == Kind::KeySwap;
        let change =
            if received { self.open.receive(entry, time) } else { self.open.apply_by(entry, time, rule) };
        self.keep(change);
    }

    /// Goes on under the coldkey that it is swapped into, which held `own` itself.
    fn under(mut self, mut own: HolderTranches, netuid: NetUid, by: &Succession, time: Millis) -> Self {
        let taken = own.take_over(self.open, netuid, by.new, by, time);
        self.open = own;
        // What `own` was made of is not of this history.
        self.keep(TrancheChange { exits: Vec::new(), ..taken });
        self
    }

    fn keep(&mut self, change: TrancheChange) {
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
