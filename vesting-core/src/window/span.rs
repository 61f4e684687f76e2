//! The window: the part of history that a multiplier depends on.
//!
//! All figures come from inside it. So a validator that knows only the window computes the same as one with
//! years of history.

use std::collections::{BTreeMap, BTreeSet};

use crate::block::Epoch;
use crate::ledger::{Succession, Successions};
use crate::ports::NeuronRow;
use crate::units::{BlockNumber, Coldkey, Millis, Uid};

/// The window that ends at one epoch.
///
/// ```
/// use vesting_core::window::Window;
/// use vesting_core::{BlockHash, BlockNumber, BlockRef, Epoch, Millis};
///
/// let epoch = |number: u64| Epoch {
///     block: BlockRef { number: BlockNumber(number), hash: BlockHash([1; 32]) },
///     pre_block: BlockRef { number: BlockNumber(number - 1), hash: BlockHash([2; 32]) },
///     time: Millis(number * 12_000),
///     index: None,
///     tempo: 360,
///     registered_at: BlockNumber(7),
/// };
/// let epochs = [epoch(400), epoch(761), epoch(1_122)];
/// let (length, recorded) = (Millis(500 * 12_000), (BlockNumber(50), Millis(600_000)));
/// let window = Window::ending_at(&epochs, BlockNumber(1_200), length, recorded);
/// let window = window.expect("there is an epoch up to that block");
/// // The first of its epochs is that of block 761, so its openings are at the end of block 760.
/// assert_eq!((window.epochs.len(), window.start), (2, BlockNumber(760)));
/// assert_eq!(window.incomplete_since, None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The epoch it ends at.
    pub as_of: Epoch,
    /// Its length W.
    pub length: Millis,
    /// B₁−1 of its first epoch. The balances there are the openings.
    pub start: BlockNumber,
    /// Its epochs, oldest first; the last is `as_of`.
    pub epochs: Vec<Epoch>,
    /// The first block recorded, if the record does not cover the window.
    pub incomplete_since: Option<BlockNumber>,
}

/// How a coldkey becomes a holder of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HolderChange {
    /// A coldkey becomes a holder: its history starts at the end of this block.
    Starts(Coldkey, BlockNumber),
    /// A holder of the window continues under another coldkey. The earlier history of that coldkey ends.
    Succeeds(Succession),
}

impl Window {
    /// The window of length `length` that ends at the last of `epochs` at or before `as_of`; `None` without
    /// such an epoch. `recorded` is the first block of the record, with its time.
    #[must_use]
    pub fn ending_at(
        epochs: &[Epoch],
        as_of: BlockNumber,
        length: Millis,
        recorded: (BlockNumber, Millis),
    ) -> Option<Self> {
        let last = *epochs.iter().rev().find(|e| e.block.number <= as_of)?;
        let inside: Vec<Epoch> = epochs
            .iter()
            // Epochs in (t−W, t]. Those before the subnet's registration belong to an earlier subnet.
            .filter(|e| {
                e.block.number <= last.block.number && e.time.0.saturating_add(length.0) > last.time.0
            })
            .filter(|e| e.registered_at == last.registered_at)
            .copied()
            .collect();
        let start = inside.first()?.pre_block.number;
        let begin = last.time.0.saturating_sub(length.0);
        let covered = recorded.1.0 <= begin
            || recorded.0.0 <= last.registered_at.0.saturating_add(1)
            || recorded.0.0 <= 1;
        Some(Self {
            as_of: last,
            length,
            start,
            epochs: inside,
            incomplete_since: (!covered).then_some(recorded.0),
        })
    }

    /// How coldkeys become holders of the window, in order. A history starts at the window's start, or at B−1
    /// of the first epoch in whose state at B−1 the coldkey owns a neuron. A coldkey that takes over from one
    /// that is no holder of this window takes over nothing.
    #[must_use]
    pub fn turns(&self, neurons: &[NeuronRow], successions: &Successions) -> Vec<HolderChange> {
        let mut rows: Vec<&NeuronRow> = neurons.iter().collect();
        rows.sort_by_key(|row| (row.block, row.uid));
        let mut rows = rows.into_iter().peekable();
        let mut uids: BTreeMap<Uid, Coldkey> = BTreeMap::new();
        let mut holders: BTreeSet<Coldkey> = BTreeSet::new();
        let mut turns = Vec::new();
        let mut reached = self.start;
        let last = (self.as_of.block.number, false);
        for (block, is_pre) in self.epochs.iter().map(|epoch| (epoch.pre_block.number, true)).chain([last]) {
            for succession in successions.between(reached, block) {
                if holders.remove(&succession.old) {
                    holders.insert(succession.new);
                    turns.push(HolderChange::Succeeds(*succession));
                }
            }
            reached = block;
            if !is_pre {
                continue;
            }
            while let Some(row) = rows.next_if(|row| row.block <= block) {
                match row.holder {
                    Some((_, coldkey)) => uids.insert(row.uid, coldkey),
                    None => uids.remove(&row.uid),
                };
            }
            let owners: BTreeSet<Coldkey> = uids.values().copied().collect();
            turns.extend(
                owners
                    .into_iter()
                    .filter(|coldkey| holders.insert(*coldkey))
                    .map(|coldkey| HolderChange::Starts(coldkey, block)),
            );
        }
        turns
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::units::{BlockHash, BlockRef, Hotkey};

    /// The epoch in that block, of a subnet registered at genesis.
    pub(crate) fn epoch(number: u64) -> Epoch {
        let block = |n| BlockRef { number: BlockNumber(n), hash: BlockHash::default() };
        Epoch {
            block: block(number),
            pre_block: block(number - 1),
            time: Millis(number * 12_000),
            index: None,
            tempo: 20,
            registered_at: BlockNumber(0),
        }
    }

    #[test]
    fn the_window_of_the_worked_recording_starts_where_the_design_says() {
        let epochs: Vec<Epoch> = (1..=60).map(|n| epoch(n * 20)).collect();
        let window = Window::ending_at(
            &epochs,
            BlockNumber(1_200),
            Millis(1_728_000),
            (BlockNumber(1), Millis(12_000)),
        )
        .unwrap();
        assert_eq!(
            (window.start, window.epochs.len(), window.incomplete_since),
            (BlockNumber(1_059), 8, None)
        );
    }

    #[test]
    fn a_record_that_begins_inside_is_incomplete() {
        let epochs: Vec<Epoch> = (5..=60).map(|n| epoch(n * 20)).collect();
        let window = Window::ending_at(
            &epochs,
            BlockNumber(1_200),
            Millis(1_000 * 12_000),
            (BlockNumber(250), Millis(250 * 12_000)),
        )
        .unwrap();
        assert_eq!(window.incomplete_since, Some(BlockNumber(250)));
    }

    #[test]
    fn a_newcomer_starts_at_its_first_epoch() {
        let epochs = [epoch(20), epoch(40), epoch(60)];
        let window =
            Window::ending_at(&epochs, BlockNumber(60), Millis(10_000_000), (BlockNumber(1), Millis(0)))
                .unwrap();
        let row = |block, key: u8| NeuronRow {
            uid: Uid(0),
            block: BlockNumber(block),
            holder: Some((Hotkey([key; 32]), Coldkey([key; 32]))),
        };
        // The newcomer takes the uid in the epoch's own block: the state before it is not its yet.
        let [old, newcomer, third] = [1, 2, 3].map(|key| Coldkey([key; 32]));
        let turns = window.turns(&[row(19, 1), row(40, 2)], &Successions::default());
        assert_eq!(
            turns,
            [HolderChange::Starts(old, BlockNumber(19)), HolderChange::Starts(newcomer, BlockNumber(59))]
        );
        // Under another coldkey the first goes on; a stranger hands on nothing.
        let swap = |block, old, new| Succession { block: BlockNumber(block), event_index: 1, old, new };
        let all =
            Successions::new(vec![swap(45, newcomer, third), swap(50, old, third), swap(19, third, old)]);
        let turns = window.turns(&[row(19, 1), row(50, 3)], &all);
        assert_eq!(
            turns,
            [HolderChange::Starts(old, BlockNumber(19)), HolderChange::Succeeds(swap(50, old, third))]
        );
    }
}
