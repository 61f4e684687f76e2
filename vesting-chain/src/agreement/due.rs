//! When the positions of a coldkey are due to be compared.

use vesting_core::{BlockNumber, Coldkey};

/// Every position is compared within so many blocks.
pub(crate) const DAY: u64 = 7_200;
/// A position is due again after so many blocks: less than a day, since it is compared only at the next
/// epoch.
const ROUND: u64 = 6_480;

/// One coldkey in nine is due since the returned block: a sample that changes from block to block.
pub(crate) fn some_since(block: BlockNumber) -> BlockNumber {
    BlockNumber(block.0.saturating_sub(ROUND / 9))
}

/// Whether a coldkey's positions are to be compared at the block of an epoch, if the epoch before was at
/// `since`.
///
/// The turn of a coldkey comes once a round, at a block of its own. Its positions are compared at the first
/// epoch from there on, or at the one before if epochs are so far apart that a day would pass.
pub(crate) fn is_due(coldkey: &Coldkey, since: BlockNumber, block: BlockNumber) -> bool {
    let span = block.0.saturating_sub(since.0);
    let last = block.0.saturating_add(span.saturating_sub(DAY - ROUND));
    // Keys are as good as random numbers.
    let turn = coldkey.0.iter().take(8).fold(0u64, |number, byte| (number << 8) | u64::from(*byte)) % ROUND;
    // How many turns there were up to a block.
    let turns = |block: u64| block.saturating_add(ROUND - turn) / ROUND;
    turns(last) > turns(since.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u64) -> Coldkey {
        let mut key = [7; 32];
        key[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        Coldkey(key)
    }

    #[test]
    fn no_day_of_blocks_passes_without_a_position_being_compared() {
        for span in [1, 10, 99, 360, 361, 700, 720, 721, 1_000, 2_000, 5_000, 6_000] {
            for n in 0..200 {
                let (key, mut compared, mut count) = (key(n), 20_000, 0);
                let mut block = 20_000;
                while block < 120_000 {
                    let since = BlockNumber(block);
                    block += span;
                    if is_due(&key, since, BlockNumber(block)) {
                        // Nothing shows between two epochs, however far apart.
                        assert!(block - compared <= DAY.max(span), "every {span}: {compared}, then {block}");
                        (compared, count) = (block, count + 1);
                    }
                }
                assert!(count >= 13 && (span > 720 || count <= 16), "every {span}: {count} times");
            }
        }
        // Whatever was long ago, all of it is.
        assert!((0..50).all(|n| is_due(&key(n), BlockNumber(0), BlockNumber(9_000_000))));
        assert!((0..50).all(|n| is_due(&key(n), BlockNumber(1_000), BlockNumber(1_000 + ROUND))));
    }

    #[test]
    fn turns_are_spread_over_the_round() {
        let due = |since: u64| {
            (0..648).filter(|n| is_due(&key(*n), BlockNumber(since), BlockNumber(since + 360))).count()
        };
        let all: Vec<usize> = (0..18).map(|epoch| due(36_000 + epoch * 360)).collect();
        assert_eq!(all.iter().sum::<usize>(), 648);
        assert!(all.iter().all(|due| (10..=80).contains(due)), "{all:?}");
    }
}
