//! Successions: when a holder swaps its coldkey, the new coldkey takes over its history.

use super::{EntryId, Moment};
use crate::units::{BlockNumber, Coldkey};

/// A holder continues under another coldkey. All its earlier entries belong to the new coldkey.
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
    /// Whether the new coldkey took over what the old one entered by `id`.
    #[must_use]
    pub fn carries(&self, id: &EntryId) -> bool {
        id.moment() < self.moment()
    }

    /// When it happened: just before its event changed positions.
    pub(crate) const fn moment(&self) -> Moment {
        Moment::of_event(self.block, self.event_index)
    }
}

/// Every succession of a subnet, in the order of the chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Successions(Vec<Succession>);

impl Successions {
    /// Makes the list from successions in any order.
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

    /// The successions, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Succession> {
        self.0.iter()
    }

    /// The holder, at the end of block `as_of`, of the tranche that `coldkey` entered by `id`.
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

    /// The successions after block `from` up to `to`, in order.
    pub fn between(&self, from: BlockNumber, to: BlockNumber) -> impl Iterator<Item = &Succession> {
        self.0.iter().filter(move |s| s.block > from && s.block <= to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Kind;
    use crate::units::Hotkey;

    #[test]
    fn a_tranche_follows_its_holder_through_its_names() {
        let [a, b, c] = [1, 2, 3].map(|n| Coldkey([n; 32]));
        let at =
            |block, event_index, old, new| Succession { block: BlockNumber(block), event_index, old, new };
        let all = Successions::new(vec![at(20, 3, b, c), at(10, 5, a, b)]);
        let id = |block, event_index, kind| EntryId {
            block: BlockNumber(block),
            event_index,
            kind,
            hotkey: Hotkey([9; 32]),
        };
        let holder = |coldkey, id: &EntryId, as_of| all.holder_of(coldkey, id, BlockNumber(as_of));
        let early = id(5, Some(1), Kind::StakeAdded);
        assert_eq!([9, 10, 19, 20].map(|as_of| holder(a, &early, as_of)), [a, b, b, c]);
        // In the block of the swap: emission and earlier events go along, later ones stay.
        assert_eq!(holder(a, &id(10, Some(0), Kind::Incentive), 30), c);
        assert_eq!(holder(a, &id(10, Some(4), Kind::StakeAdded), 30), c);
        assert_eq!(holder(a, &id(10, Some(6), Kind::StakeAdded), 30), a);
        assert_eq!(holder(b, &id(21, Some(1), Kind::StakeAdded), 30), b);
    }
}
