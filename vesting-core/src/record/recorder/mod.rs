//! Records blocks of one subnet in its ledger, and asks the chain for what else that needs.
//!
//! What is written depends on the events of a block and the states around it, never on how the block was
//! found. So following and catching up write the same.

mod between;
mod block;
mod blocks_read;
mod boundary;
mod closing;
mod entries;
mod holders;
mod rounding;

pub(crate) use block::Recorder;
pub(crate) use blocks_read::BlocksRead;
