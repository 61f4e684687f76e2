//! Exact stake ledgers and vesting multipliers for Bittensor subnets.
//!
//! Pure: no I/O, no clock, no runtime, no network. Chains and stores come in through
//! [`ports::ChainPort`] and [`ports::StakeStore`].
//!
//! - [`VestingSystem`] is all of it for one subnet: it follows a chain into a store, and adjusts weights.
//! - [`StakeTracker`] reads a record that something else writes.
//! - [`multiplier::multiplier`] and [`adjust::adjust`] are the figures alone, [`policy::Policy`] what a subnet decides,
//!   and [`formula::Formula`] how another subnet adds a formula.
//!
//! ```
//! use vesting_core::holding::Holding;
//! use vesting_core::multiplier::multiplier;
//! use vesting_core::policy::{DAY_MS, Policy};
//!
//! // Who earned 2 alpha 15 days ago, sold a tenth of it at once, and had nothing before.
//! let (rewards, kept) = (2_000_000_000, 1_800_000_000);
//! let age = u128::from(15 * DAY_MS);
//! let holding = Holding { rewards, rewards_kept: kept, rewards_age: kept * age, ..Holding::default() };
//!
//! // p = min(1, 0.9 / 0.9) and q = 0.9 · 15 / 30: 1 + √(1 · 0.45) · 0.5.
//! assert_eq!(multiplier(&holding, &Policy::default()).factor.to_string(), "1.335410196");
//! ```

mod account;
pub mod adjust;
mod agreed;
mod balances;
mod block;
mod catch_up;
pub mod check;
pub mod classify;
mod condensed;
pub mod digest;
mod doubt;
pub mod emission;
mod entry;
mod epoch;
mod event;
pub mod explain;
mod figures;
pub mod formula;
mod fraction;
mod history;
pub mod holding;
mod ids;
pub mod interval;
pub mod kept;
mod known_tranches;
mod ledger;
mod memory_store;
mod monitor;
pub mod multiplier;
mod part;
pub mod policy;
pub mod ports;
mod position;
mod ppb;
pub mod prune;
mod rao;
mod recorder;
pub mod rewind;
mod sales;
pub mod settle;
pub mod share_pool;
mod stands;
mod start;
mod stats;
mod stretch;
mod succession;
mod system;
mod take_back;
mod tracker;
mod tranche;
pub mod weights;
pub mod whatif;
mod whom;
pub mod window;
mod window_ledger;

pub use account::{AddressError, Coldkey, Hotkey};
pub use block::{BlockFacts, SubnetCounters};
pub use condensed::Condensed;
pub use doubt::{Doubt, Misfit};
pub use entry::{Entry, EntryOrder, Flow, Kind, Source};
pub use epoch::{Detection, Epoch, EpochRecord, SkippedSlot, StakeChange, is_epoch};
pub use event::{ChainEvent, Phase, StakeEvent};
pub use figures::{HolderReport, PositionFigures, PositionReport, position_figures};
pub use fraction::Fraction;
pub use history::{HistoryPoint, Moved};
pub use ids::{BlockHash, BlockNumber, BlockRef, Millis, NetUid, Uid};
pub use ledger::{ConservationError, SubnetLedger};
pub use memory_store::MemoryStore;
pub use monitor::{BlockchainMonitor, MonitorError, Pace, Progress};
pub use part::Parts;
pub use position::{Neuron, PositionKey, SubnetOwner};
pub use ppb::{DecimalError, Ppb};
pub use rao::{Rao, RaoDelta};
pub use sales::MissingTime;
pub use start::window_start;
pub use stats::VestingStats;
pub use succession::{Succession, Successions};
pub use system::{StakeHistory, SystemError, TrueEmission, Update, VestingSystem};
pub use take_back::{TakenBack, last_on_chain, take_back};
pub use tracker::{MinerReport, Reason, Report, StakeTracker, TrackerError};
pub use tranche::{EntryId, Exit, HolderTranches, OpenTranche, Origin, Tranche, TrancheChange, TrancheHistory, sort_entries};
pub use whom::{Whom, WhomError};
pub use window_ledger::{Opening, WindowLedger};
