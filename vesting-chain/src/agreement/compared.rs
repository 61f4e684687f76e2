//! What the comparisons of one runtime on one subnet have shown.

use std::collections::{BTreeMap, BTreeSet};

use vesting_core::{BlockNumber, Coldkey};

use crate::agreement::due::DAY;

/// So many comparisons are remembered: those of more than a day, also while many epochs are read at once.
const REMEMBERED: usize = 1_024;

/// What the comparisons of one runtime on one subnet have shown.
#[derive(Default)]
pub(crate) struct Compared {
    /// Blocks in whose state every position was compared and agreed.
    pub(crate) whole: BTreeSet<BlockNumber>,
    /// Blocks in whose state the positions due since an earlier block were compared and agreed, with that
    /// block.
    parts: BTreeMap<BlockNumber, BlockNumber>,
    /// Coldkeys whose total by the runtime is not the sum of their positions, though each position agrees.
    pub(crate) odd: BTreeSet<Coldkey>,
    /// Set from a contradiction until the record is taken back: the block where it was found, and the last
    /// block up to which storage is known to be right.
    pub(crate) contradicted: Option<(BlockNumber, Option<BlockNumber>)>,
    /// The runtime is asked for positions, and nothing wrong that was recorded by its storage is left.
    pub(crate) asks_runtime: bool,
}

impl Compared {
    /// The last block up to which every position is known to agree. `block` is the present one; the positions
    /// due since `since` are not compared yet.
    pub(crate) fn agreed_up_to(&self, block: BlockNumber, since: BlockNumber) -> Option<BlockNumber> {
        let whole = self.whole.range(..=block).next_back().copied();
        // If comparisons have no gap for a day, each position was compared within that day.
        let Some(day) = block.0.checked_sub(DAY).map(BlockNumber).filter(|day| since > *day) else {
            return whole;
        };
        let mut reached = since;
        while reached > day {
            match self.parts.get(&reached) {
                Some(before) if *before < reached => reached = *before,
                _ => return whole,
            }
        }
        Some(whole.map_or(day, |whole| whole.max(day)))
    }

    /// Notes that the positions due since `since` agreed in the state of `block`.
    pub(crate) fn note(&mut self, block: BlockNumber, since: BlockNumber) {
        self.parts.insert(block, since);
        while self.parts.len() > REMEMBERED {
            self.parts.pop_first();
        }
        while self.whole.len() > REMEMBERED {
            self.whole.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_again_goes_back_to_the_first_agreement_but_not_beyond_a_day() {
        let block = BlockNumber;
        let mut record = Compared::default();
        assert_eq!(
            [record.agreed_up_to(block(100), block(0)), record.agreed_up_to(block(9_000), block(0))],
            [None, None]
        );
        record.whole.insert(block(1_000));
        record.note(block(1_000), block(700));
        assert_eq!(record.agreed_up_to(block(990), block(700)), None, "it was agreed later");
        for epoch in 1..60 {
            let (since, now) = (block(1_000 + (epoch - 1) * 300), block(1_000 + epoch * 300));
            let agreed = record.agreed_up_to(now, since);
            // Without a gap since the first, only the last day can be wrong.
            let expected = if now.0 >= 1_000 + DAY { block(now.0 - DAY) } else { block(1_000) };
            assert_eq!(agreed, Some(expected), "at {now}");
            record.note(now, since);
        }
        // With a gap only the first agreement counts.
        record.parts.remove(&block(1_000 + 50 * 300));
        assert_eq!(record.agreed_up_to(block(1_000 + 60 * 300), block(1_000 + 59 * 300)), Some(block(1_000)));
    }
}
