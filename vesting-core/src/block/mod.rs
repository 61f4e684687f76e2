//! What a block says: its facts, its events, its epochs, and how the chain turns shares into alpha.
//!
//! Takes from `units`.

pub(crate) mod epoch;
pub(crate) mod event;
pub(crate) mod facts;
pub mod share_pool;

pub use epoch::{Detection, Epoch, EpochRecord, SkippedSlot, StakeChange, is_epoch};
pub use event::{ChainEvent, Phase, StakeEvent};
pub use facts::{BlockFacts, SubnetCounters};
