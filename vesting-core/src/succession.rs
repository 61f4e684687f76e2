//! Successions: a coldkey that a holder swaps into takes over its history.

use std::collections::BTreeMap;

use crate::{BlockNumber, Coldkey, EntryId, Kind};

/// A holder that goes on under another coldkey. All that it entered before is the new one's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Succession {
    /// The block of the swap.
    pub block: BlockNumber,
    /// The index of its event there.
    pub event_index: u32,
    /// The coldkey that ceases to be the holder.
    pub old: Coldkey,
    /// The coldkey that is the holder from there on.
    pub new: Coldkey,
}

impl Succession {
    /// Whether what the old coldkey entered by `id` went over to the new one.
    #[must_use]
    pub fn carries(&self, id: &EntryId) -> bool {
        let rank = match id.kind {
            Kind::Incentive | Kind::DividendOrOther => 0,
            Kind::Unattributed | Kind::Rounding | Kind::Opening => 2,
            _ => 1,
        };
        (id.block, rank, id.event_index) < (self.block, 1, Some(self.event_index))
    }
}

/// Every succession of a subnet, in the order of the chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Successions(Vec<Succession>);

impl Successions {
    /// Takes them in any order.
    #[must_use]
    pub fn new(mut all: Vec<Succession>) -> Self {
        all.sort_unstable();
        Self(all)
    }

    /// Adds the next one.
    pub fn push(&mut self, succession: Succession) {
        self.0.push(succession);
        self.0.sort_unstable();
    }

    /// They, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Succession> {
        self.0.iter()
    }

    /// Whose the tranche is at the end of block `as_of` that `coldkey` entered by `id`.
    #[must_use]
    pub fn holder_of(&self, coldkey: Coldkey, id: &EntryId, as_of: BlockNumber) -> Coldkey {
        let mut holder = coldkey;
        for succession in self.0.iter().take_while(|s| s.block <= as_of) {
            if succession.old == holder && succession.carries(id) {
                holder = succession.new;
            }
        }
        holder
    }

    /// Whether a tranche that `entered_by` entered did not reach `holder` as it was: on its way the
    /// history of another went on under the name it stood under, and it was made manual.
    #[must_use]
    pub fn replaced(&self, holder: Coldkey, id: &EntryId, entered_by: Coldkey, as_of: BlockNumber) -> bool {
        let mut name = entered_by;
        for succession in self.0.iter().take_while(|s| s.block <= as_of).filter(|s| s.carries(id)) {
            if succession.old == name {
                name = succession.new;
            } else if succession.new == name {
                return true;
            }
        }
        name != holder
    }

    /// The holders of a window at the end of `to`, from those that owned neurons: each history goes
    /// to whoever took it over after `from`, with its start.
    pub fn apply(&self, holders: &mut BTreeMap<Coldkey, BlockNumber>, from: BlockNumber, to: BlockNumber) {
        for succession in self.0.iter().filter(|s| s.block > from && s.block <= to) {
            if let Some(start) = holders.remove(&succession.old) {
                holders.insert(succession.new, start);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Hotkey;

    #[test]
    fn a_tranche_follows_its_holder_through_its_names() {
        let [a, b, c] = [1, 2, 3].map(|n| Coldkey([n; 32]));
        let at = |block, event_index, old, new| Succession { block: BlockNumber(block), event_index, old, new };
        let all = Successions::new(vec![at(20, 3, b, c), at(10, 5, a, b)]);
        let id = |block, event_index, kind| EntryId { block: BlockNumber(block), event_index, kind, hotkey: Hotkey([9; 32]) };
        let holder = |coldkey, id: &EntryId, as_of| all.holder_of(coldkey, id, BlockNumber(as_of));
        let early = id(5, Some(1), Kind::StakeAdded);
        assert_eq!([9, 10, 19, 20].map(|as_of| holder(a, &early, as_of)), [a, b, b, c]);
        // In the block of the swap: emission and earlier events go along, later ones stay.
        assert_eq!(holder(a, &id(10, Some(0), Kind::Incentive), 30), c);
        assert_eq!(holder(a, &id(10, Some(4), Kind::StakeAdded), 30), c);
        assert_eq!(holder(a, &id(10, Some(6), Kind::StakeAdded), 30), a);
        assert_eq!(holder(b, &id(21, Some(1), Kind::StakeAdded), 30), b);
    }

    #[test]
    fn a_name_taken_up_again_has_its_own_history_back() {
        let [a, b, c] = [1, 2, 3].map(|n| Coldkey([n; 32]));
        let at = |block, old, new| Succession { block: BlockNumber(block), event_index: 5, old, new };
        let all = Successions::new(vec![at(10, a, b), at(20, b, a), at(30, c, a)]);
        let id = EntryId { block: BlockNumber(5), event_index: None, kind: Kind::Incentive, hotkey: Hotkey([9; 32]) };
        let of = |entered_by, as_of| {
            let holder = all.holder_of(entered_by, &id, BlockNumber(as_of));
            (holder, all.replaced(holder, &id, entered_by, BlockNumber(as_of)))
        };
        // There and back: nothing of another went on under the name. Then another's history does.
        assert_eq!([9, 10, 20, 30].map(|as_of| of(a, as_of)), [(a, false), (b, false), (a, false), (a, true)]);
        assert_eq!(of(c, 30), (a, false));
    }
}
