//! The phases in which a block is settled.

use super::work::Work;
use super::{BlockStates, Settled};

/// Settles a block:
///
/// 1. finds which swapped keys carried their stake;
/// 2. places the orders of a group, and where there were any finds the swaps once more;
/// 3. finds the amounts that events leave out, and the emission, claims and corrections that none names;
/// 4. writes the entries, with what is left as rounding or unattributed where the block ends an interval.
#[must_use]
pub fn settle(states: &BlockStates<'_>) -> Settled {
    let mut work = Work::new(states);
    work.find_swaps();
    if work.place_orders() {
        work.find_swaps();
    }
    work.find_rest();
    work.write()
}
