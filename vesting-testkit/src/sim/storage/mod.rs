//! The state of the chain as storage keys and values, for a node to serve.

mod accounts;
mod blocks;
mod change;
mod locks;
mod migration;
mod stakes;
mod subnets;
