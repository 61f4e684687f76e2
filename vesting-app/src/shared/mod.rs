//! One chain shared by several subnets, each recorded by a task of its own. What all of them need is
//! requested once.
//!
//! Takes from `task`.

mod blocks;
mod chain;
#[cfg(test)]
mod tests;

pub use chain::SharedChain;
