//! Tranches: what a holder has, by when and how it arrived. Outflows consume the newest tranche first.
//!
//! Rounding, corrections and unattributed changes are nobody's doing, so they are no outflow. Their debits
//! consume the oldest tranche first; a policy may treat unattributed changes as flows instead. Credits by
//! rounding and unattributed changes first pay off the deficit: what outflows took beyond all tranches.
//!
//! Tranches belong to the holder. The hotkey is only a label, so moves consume nothing. Consumption never
//! looks at tranches older than it needs. So the tranches entered inside a window are the same, whether the
//! record begins at the window or years before it.

use std::ops::Range;

use crate::ledger::{Entry, EntryId, EntryOrder, Flow, Kind, Moment, Succession, UnattributedRule};
use crate::units::{Coldkey, Hotkey, Millis, NetUid, Rao, RaoDelta};

/// How a tranche came to its holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// Incentive (all emission on runtimes that do not announce incentive).
    Reward,
    /// Dividends, owner cut, root claims, corrections, and unattributed changes.
    Other,
    /// Bought, moved or received; rounding; and, by [`UnattributedRule::Flow`], unattributed changes.
    Manual,
    /// Held when the record of the holder began.
    Opening,
}

impl Origin {
    /// Every origin.
    pub const ALL: [Self; 4] = [Self::Reward, Self::Other, Self::Manual, Self::Opening];

    /// The name used in tables and output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reward => "reward",
            Self::Other => "other",
            Self::Manual => "manual",
            Self::Opening => "opening",
        }
    }

    /// The origin of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.name() == name)
    }
}

/// An amount that came to a holder at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tranche {
    /// The subnet.
    pub netuid: NetUid,
    /// The coldkey that entered it. After a coldkey swap its holder has another one.
    pub coldkey: Coldkey,
    /// The entry that opened it.
    pub id: EntryId,
    /// The time of that entry's block.
    pub time: Millis,
    /// How it came.
    pub origin: Origin,
    /// How much it was.
    pub initial: Rao,
}

/// A part of a tranche that left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// The subnet.
    pub netuid: NetUid,
    /// The coldkey that entered the tranche. Its holder may have another one by now.
    pub coldkey: Coldkey,
    /// The tranche it left.
    pub tranche: EntryId,
    /// The entry by which it left.
    pub by: EntryId,
    /// How much.
    pub amount: Rao,
}

/// What one entry did to a holder's tranches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrancheChange {
    /// The tranche it opened.
    pub opened: Option<Tranche>,
    /// The exits it made.
    pub exits: Vec<Exit>,
}

/// A tranche that still holds something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenTranche {
    /// The tranche.
    pub tranche: Tranche,
    /// What is left of it.
    pub remaining: Rao,
}

/// The open tranches of one holder on one subnet, oldest first.
///
/// ```
/// use vesting_core::{
///     BlockNumber, Coldkey, Entry, HolderTranches, Hotkey, Kind, Millis, NetUid, PositionKey, Rao, RaoDelta,
/// };
///
/// let key = PositionKey { hotkey: Hotkey([1; 32]), coldkey: Coldkey([2; 32]) };
/// let entry = |block, kind, alpha| Entry {
///     netuid: NetUid(1),
///     block: BlockNumber(block),
///     source: None,
///     key,
///     kind,
///     alpha: RaoDelta(alpha),
/// };
/// let mut tranches = HolderTranches::default();
/// tranches.apply(&entry(10, Kind::Incentive, 100), Millis(120_000));
/// tranches.apply(&entry(20, Kind::Incentive, 100), Millis(240_000));
///
/// // A sale consumes the newest tranche first.
/// let sale = tranches.apply(&entry(25, Kind::StakeRemoved, -120), Millis(300_000));
/// assert_eq!(sale.exits.iter().map(|exit| exit.amount).collect::<Vec<_>>(), [Rao(100), Rao(20)]);
/// assert_eq!(tranches.stake(), RaoDelta(80));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HolderTranches {
    open: Vec<OpenTranche>,
    /// What outflows took beyond all tranches. It is at most the rounding and unattributed changes, whose
    /// credits pay it off first.
    deficit: u128,
}

/// What a holder's next entries debit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Leaving {
    /// What consumes the newest tranches first, in rao.
    pub(crate) newest: u128,
    /// What consumes the oldest tranches first, in rao.
    pub(crate) oldest: u128,
}

impl Leaving {
    /// Adds an entry.
    pub(crate) fn add(&mut self, entry: &Entry) {
        if entry.alpha.0 >= 0 || entry.flow() == Flow::Neutral {
            return;
        }
        let end = if UnattributedRule::default().is_sale(entry.flow()) {
            &mut self.newest
        } else {
            &mut self.oldest
        };
        *end = end.saturating_add(entry.alpha.magnitude());
    }
}

/// The order of tranches, from the one that outflows consume last. Older ones come first; at the same moment,
/// rewards come last.
fn seniority(tranche: &Tranche) -> (Moment, bool, Hotkey) {
    // All emission of a block counts as one moment, whichever events announced it.
    (tranche.id.moment(), tranche.origin == Origin::Reward, tranche.id.hotkey)
}

/// The origin of a tranche that an entry of this kind opens.
const fn origin(kind: Kind, rule: UnattributedRule) -> Origin {
    match kind {
        Kind::Incentive => Origin::Reward,
        Kind::DividendOrOther | Kind::RootClaim | Kind::Corrected => Origin::Other,
        Kind::Unattributed if matches!(rule, UnattributedRule::Neutral) => Origin::Other,
        Kind::Opening => Origin::Opening,
        _ => Origin::Manual,
    }
}

/// Whether a credit of this flow first pays off the deficit. In its block it comes after the outflows, and it
/// may be found only when its interval ends.
const fn pays_deficit(flow: Flow) -> bool {
    matches!(flow, Flow::Rounding | Flow::Unattributed)
}

impl HolderTranches {
    /// Resumes a holder from a store: from its open tranches in any order, and its balance.
    #[must_use]
    pub fn resume(mut open: Vec<OpenTranche>, balance: RaoDelta) -> Self {
        open.sort_by_key(|t| seniority(&t.tranche));
        let held: RaoDelta = open.iter().map(|t| t.remaining.delta()).sum();
        Self { open, deficit: u128::try_from((held - balance).0).unwrap_or(0) }
    }

    /// Adds more open tranches that were read from a store.
    pub(crate) fn add_stored(&mut self, stored: Vec<OpenTranche>) {
        self.open.extend(stored);
        self.open.sort_by_key(|t| seniority(&t.tranche));
    }

    /// Removes the tranches at these places, and returns them.
    pub(crate) fn evict(&mut self, places: Range<usize>) -> Vec<OpenTranche> {
        let gone = self.open.drain(places).collect();
        if self.open.capacity() > self.open.len().saturating_mul(4) {
            self.open.shrink_to(self.open.len().saturating_mul(2));
        }
        gone
    }

    /// The open tranches, oldest first.
    #[must_use]
    pub fn open(&self) -> &[OpenTranche] {
        &self.open
    }

    /// Σ remaining less the deficit: the holder's stake.
    #[must_use]
    pub fn stake(&self) -> RaoDelta {
        let held: RaoDelta = self.open.iter().map(|t| t.remaining.delta()).sum();
        held - RaoDelta(i128::try_from(self.deficit).unwrap_or(i128::MAX))
    }

    /// Whether the effect of an entry depends on the tranches that its holder has. If not, they need not be
    /// in memory.
    #[must_use]
    pub fn matter_to(entry: &Entry) -> bool {
        pays_deficit(entry.flow()) || (entry.alpha.0 < 0 && entry.flow() != Flow::Neutral)
    }

    /// Applies the holder's next entry, by the default rule. Entries must come in ledger order.
    pub fn apply(&mut self, entry: &Entry, time: Millis) -> TrancheChange {
        self.apply_by(entry, time, UnattributedRule::default())
    }

    /// Applies the holder's next entry; `rule` says how unattributed changes count.
    pub fn apply_by(&mut self, entry: &Entry, time: Millis, rule: UnattributedRule) -> TrancheChange {
        if entry.flow() == Flow::Neutral || entry.alpha.is_zero() {
            return TrancheChange::default();
        }
        let amount = entry.alpha.magnitude();
        if entry.alpha.0 > 0 {
            return self.enter(entry, time, amount, origin(entry.kind, rule));
        }
        let oldest_first = !rule.is_sale(entry.flow());
        TrancheChange { opened: None, exits: self.leave(entry, amount, oldest_first) }
    }

    /// Adds what the holder received by a key swap from a coldkey that was no holder. Its origin is manual.
    pub fn receive(&mut self, entry: &Entry, time: Millis) -> TrancheChange {
        self.enter(entry, time, entry.alpha.magnitude(), Origin::Manual)
    }

    /// Continues as the holder `old`, whose coldkey was swapped for this one by `by`. The tranches of `old`
    /// go on; what this coldkey held itself becomes one manual tranche.
    pub fn take_over(
        &mut self,
        old: Self,
        netuid: NetUid,
        coldkey: Coldkey,
        by: &Succession,
        time: Millis,
    ) -> TrancheChange {
        let id = |hotkey| EntryId {
            block: by.block,
            event_index: Some(by.event_index),
            kind: Kind::KeySwap,
            hotkey,
        };
        let own = std::mem::replace(self, old);
        self.deficit = self.deficit.saturating_add(own.deficit);
        let held: u64 = own.open.iter().fold(0, |sum, open| sum.saturating_add(open.remaining.0));
        let Some(label) = own.open.iter().map(|open| open.tranche.id.hotkey).min() else {
            return TrancheChange::default();
        };
        let exits = own
            .open
            .iter()
            .map(|open| Exit {
                netuid,
                coldkey: open.tranche.coldkey,
                tranche: open.tranche.id,
                by: id(open.tranche.id.hotkey),
                amount: open.remaining,
            })
            .collect();
        let opened =
            Tranche { netuid, coldkey, id: id(label), time, origin: Origin::Manual, initial: Rao(held) };
        self.insert(opened);
        TrancheChange { opened: Some(opened), exits }
    }

    fn insert(&mut self, tranche: Tranche) {
        let (new, open) = (seniority(&tranche), OpenTranche { tranche, remaining: tranche.initial });
        // The new tranche is nearly always the newest of all.
        if self.open.last().is_none_or(|last| seniority(&last.tranche) <= new) {
            return self.open.push(open);
        }
        let place = self.open.partition_point(|t| seniority(&t.tranche) <= new);
        self.open.insert(place, open);
    }

    fn enter(&mut self, entry: &Entry, time: Millis, mut amount: u128, origin: Origin) -> TrancheChange {
        if pays_deficit(entry.flow()) {
            let paid = amount.min(self.deficit);
            self.deficit -= paid;
            amount -= paid;
        }
        let Ok(initial) = u64::try_from(amount) else { return TrancheChange::default() };
        if initial == 0 {
            return TrancheChange::default();
        }
        let tranche = Tranche {
            netuid: entry.netuid,
            coldkey: entry.key.coldkey,
            id: EntryId::of(entry),
            time,
            origin,
            initial: Rao(initial),
        };
        self.insert(tranche);
        TrancheChange { opened: Some(tranche), exits: Vec::new() }
    }

    fn leave(&mut self, entry: &Entry, mut amount: u128, oldest_first: bool) -> Vec<Exit> {
        let mut exits = Vec::new();
        while amount > 0 && !self.open.is_empty() {
            let place = if oldest_first { 0 } else { self.open.len() - 1 };
            let tranche = &mut self.open[place];
            // At most what the tranche holds, so it fits into 64 bits.
            let taken = u64::try_from(amount).map_or(tranche.remaining.0, |a| a.min(tranche.remaining.0));
            tranche.remaining.0 -= taken;
            amount -= u128::from(taken);
            exits.push(Exit {
                netuid: entry.netuid,
                coldkey: tranche.tranche.coldkey,
                tranche: tranche.tranche.id,
                by: EntryId::of(entry),
                amount: Rao(taken),
            });
            if tranche.remaining == Rao::ZERO {
                self.open.remove(place);
            }
        }
        self.deficit = self.deficit.saturating_add(amount);
        exits
    }
}

/// A tranche with all its exits up to some block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrancheHistory {
    /// The tranche.
    pub tranche: Tranche,
    /// Its exits, in ledger order.
    pub exits: Vec<Exit>,
}

impl TrancheHistory {
    /// What remains after all of `exits`.
    #[must_use]
    pub fn remaining(&self) -> Rao {
        Rao(self.exits.iter().fold(self.tranche.initial.0, |left, exit| left.saturating_sub(exit.amount.0)))
    }
}

/// Sorts entries into ledger order.
pub fn sort_entries(entries: &mut [Entry]) {
    entries.sort_by_key(|entry| -> EntryOrder { entry.order() });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Phase;
    use crate::ledger::Source;
    use crate::units::{BlockNumber, PositionKey};

    fn entry(block: u64, index: Option<u32>, kind: Kind, alpha: i128) -> Entry {
        Entry {
            netuid: NetUid(2),
            block: BlockNumber(block),
            source: index.map(|event_index| Source { event_index, phase: Phase::Extrinsic(1) }),
            key: PositionKey { hotkey: Hotkey([1; 32]), coldkey: Coldkey([2; 32]) },
            kind,
            alpha: RaoDelta(alpha),
        }
    }

    fn play(entries: &[Entry]) -> HolderTranches {
        let mut holder = HolderTranches::default();
        for e in entries {
            holder.apply(e, Millis(e.block.0 * 12_000));
        }
        holder
    }

    fn left(holder: &HolderTranches) -> Vec<(Origin, u64)> {
        holder.open().iter().map(|t| (t.tranche.origin, t.remaining.0)).collect()
    }

    #[test]
    fn newest_leaves_first_and_rewards_before_dividends_of_the_same_block() {
        let holder = play(&[
            entry(1, None, Kind::Opening, 100),
            entry(5, None, Kind::Incentive, 10),
            entry(5, None, Kind::DividendOrOther, 7),
            entry(6, Some(2), Kind::StakeRemoved, -12),
        ]);
        assert_eq!(left(&holder), [(Origin::Opening, 100), (Origin::Other, 5)]);
    }

    #[test]
    fn rounding_pays_a_deficit_first_and_takes_from_the_oldest() {
        let mut holder = play(&[entry(1, None, Kind::Opening, 5), entry(2, Some(1), Kind::StakeRemoved, -6)]);
        assert_eq!(holder.stake(), RaoDelta(-1));
        let change = holder.apply(&entry(3, None, Kind::Rounding, 1), Millis(0));
        assert_eq!((change, holder.stake()), (TrancheChange::default(), RaoDelta::ZERO));

        let mut holder = play(&[entry(1, None, Kind::Opening, 5), entry(2, None, Kind::Incentive, 5)]);
        holder.apply(&entry(3, None, Kind::Rounding, -1), Millis(0));
        assert_eq!(left(&holder), [(Origin::Opening, 4), (Origin::Reward, 5)]);
    }

    #[test]
    fn what_nothing_explains_is_nobodys_doing_unless_the_policy_says_so() {
        let entries = [
            entry(1, None, Kind::Opening, 5),
            entry(2, None, Kind::Incentive, 9),
            entry(3, None, Kind::Unattributed, 4),
            entry(4, None, Kind::Unattributed, -6),
        ];
        let under = |rule| {
            let mut holder = HolderTranches::default();
            for e in &entries {
                holder.apply_by(e, Millis(0), rule);
            }
            left(&holder)
        };
        assert_eq!(under(UnattributedRule::Neutral), [(Origin::Reward, 8), (Origin::Other, 4)]);
        assert_eq!(under(UnattributedRule::Flow), [(Origin::Opening, 5), (Origin::Reward, 7)]);
        assert_eq!(
            left(&play(&entries)),
            under(UnattributedRule::Neutral),
            "a record's own history goes by the default"
        );
    }

    #[test]
    fn what_came_unexplained_pays_for_what_was_sold_of_it_in_its_block() {
        let entries = [
            entry(1, None, Kind::Opening, 5),
            entry(2, Some(1), Kind::StakeRemoved, -12),
            entry(2, None, Kind::Unattributed, 10),
        ];
        let holder = play(&entries);
        assert_eq!((left(&holder), holder.stake()), (vec![(Origin::Other, 3)], RaoDelta(3)));
        assert!(HolderTranches::matter_to(&entries[2]));
    }

    #[test]
    fn moves_and_key_swaps_consume_nothing() {
        let holder = play(&[
            entry(1, None, Kind::Incentive, 9),
            entry(2, Some(1), Kind::Moved, -9),
            entry(2, Some(2), Kind::KeySwap, -9),
        ]);
        assert_eq!(left(&holder), [(Origin::Reward, 9)]);
    }

    #[test]
    fn resuming_is_the_same_as_never_having_stopped() {
        let entries = [
            entry(1, None, Kind::Opening, 5),
            entry(2, None, Kind::Incentive, 3),
            entry(4, Some(1), Kind::StakeRemoved, -9),
        ];
        let holder = play(&entries);
        assert_eq!(HolderTranches::resume(holder.open().to_vec(), holder.stake()), holder);
    }
}
