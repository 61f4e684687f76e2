//! What one block did to positions, where the states before and after it are known.
//!
//! Events explain most of it. The states tell what they do not say: the rest of an epoch's emission,
//! root claims, where the stake of a swapped key went, amounts that old runtimes leave out.

mod affected;
mod amounts;
mod orders;
mod phases;
mod rest;
mod rows;
mod settled;
mod states;
mod steps;
mod swaps;
mod work;
mod write;

#[cfg(test)]
mod tests;

pub use affected::affected;
pub use phases::settle;
pub use settled::Settled;
pub use states::BlockStates;
