//! What a block is: its facts, its events, its epochs, and how the chain reckons shares.
//!
//! Takes from `units`.

pub(crate) mod epoch;
pub(crate) mod event;
pub(crate) mod facts;
pub mod share_pool;

pub use epoch::{Detection, Epoch, EpochRecord, SkippedSlot, StakeChange, is_epoch};
pub use event::{ChainEvent, Phase, StakeEvent};
pub use facts::{BlockFacts, SubnetCounters};
