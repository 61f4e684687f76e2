//! What one block did to positions, given the states before and after it.
//!
//! Events explain most of it. The states show what events do not say: the rest of an epoch's emission, root
//! claims, where the stake of a swapped key went, and amounts that old runtimes leave out.

mod affected;
mod amounts;
mod event_order;
mod orders;
mod phases;
mod rows;
mod settled;
mod states;
mod swaps;
mod unannounced;
mod work;
mod write;

#[cfg(test)]
mod tests;

pub use affected::affected;
pub use phases::settle;
pub use settled::Settled;
pub use states::BlockStates;
