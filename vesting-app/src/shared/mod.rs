//! One chain for several subnets, each recorded by a task of its own: what all of them want is asked once.

mod blocks;
mod chain;
#[cfg(test)]
mod tests;

pub use chain::SharedChain;
