//! The phases in which a block is settled.

use super::work::Work;
use super::{BlockStates, Settled};

/// Settles a block:
///
/// 1. find which swapped keys carried their stake;
/// 2. place the orders of a group, and if there were any, find the swaps once more;
/// 3. find the amounts that events leave out, and the emission, claims and corrections that no event states;
/// 4. write the entries. Where the block ends an interval, the residual becomes rounding or unattributed.
///
/// For the crates of this workspace.
#[must_use]
pub fn settle(states: &BlockStates<'_>) -> Settled {
    let mut work = Work::new(states);
    work.find_swaps();
    if work.place_orders() {
        work.find_swaps();
    }
    work.find_unannounced();
    work.write()
}
