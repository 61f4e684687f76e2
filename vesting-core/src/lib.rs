//! Exact stake ledgers and vesting multipliers for Bittensor subnets.
//!
//! Pure: no I/O, no clock, no runtime, no network. Chains and stores come in through
//! [`ports::ChainPort`] and [`ports::StakeStore`].

mod account;
pub mod adjust;
mod block;
mod catch_up;
pub mod check;
pub mod classify;
pub mod digest;
pub mod emission;
mod entry;
mod epoch;
mod event;
pub mod formula;
mod fraction;
pub mod holding;
mod ids;
pub mod interval;
mod ledger;
mod memory_store;
mod monitor;
pub mod multiplier;
pub mod policy;
pub mod ports;
mod position;
mod ppb;
mod rao;
mod recorder;
mod sales;
pub mod settle;
pub mod share_pool;
mod start;
mod succession;
mod tracker;
mod tranche;
pub mod weights;
pub mod window;
mod window_ledger;

pub use account::{AddressError, Coldkey, Hotkey};
pub use block::{BlockFacts, SubnetCounters};
pub use entry::{Entry, EntryOrder, Flow, Kind, Source};
pub use epoch::{Detection, Epoch, EpochRecord, SkippedSlot, StakeChange, is_epoch};
pub use event::{ChainEvent, Phase, StakeEvent};
pub use fraction::Fraction;
pub use ids::{BlockHash, BlockNumber, BlockRef, Millis, NetUid, Uid};
pub use ledger::{ConservationError, SubnetLedger};
pub use memory_store::MemoryStore;
pub use monitor::{BlockchainMonitor, MonitorError, Pace, Progress};
pub use position::{Neuron, PositionKey};
pub use ppb::{DecimalError, Ppb};
pub use rao::{Rao, RaoDelta};
pub use sales::MissingTime;
pub use start::window_start;
pub use succession::{Succession, Successions};
pub use tracker::{MinerReport, Reason, Report, StakeTracker, TrackerError};
pub use tranche::{EntryId, Exit, HolderTranches, OpenTranche, Origin, Tranche, TrancheChange, TrancheHistory, sort_entries};
pub use window_ledger::{Opening, WindowLedger};
