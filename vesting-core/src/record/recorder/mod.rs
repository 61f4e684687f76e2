//! Takes blocks of one subnet into its ledger, with whatever the chain must be asked besides.
//!
//! What a block did depends on its events and the states around it, never on how it was come upon:
//! following and catching up write the same.

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
