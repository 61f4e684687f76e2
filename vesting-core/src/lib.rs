//! Exact stake ledgers and vesting multipliers for Bittensor subnets.
//!
//! It is pure: no I/O, no clock, no runtime, no network. It reads chains through [`ports::ChainPort`], and
//! keeps records through [`ports::StakeStore`].
//!
//! - [`VestingSystem`] does everything for one subnet: it records a chain in a store, and adjusts weights.
//! - [`StakeTracker`] reports on a record that something else writes.
//! - [`multiplier::multiplier`] and [`adjust::adjust`] compute figures without a record. [`policy::Policy`]
//!   is what a subnet decides. A subnet adds its own formula with [`formula::Formula`].
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
//!
//! # Streets
//!
//! The crate's modules are called streets. Each uses only those above it.
//!
//! | street | what is there |
//! |---|---|
//! | `units` | amounts, keys, numbers |
//! | `block` | what a block says: its facts, events, epochs, shares |
//! | `ledger` | entries, the tranches that they open and consume, successions |
//! | `flow` | from a block's facts to entries |
//! | `ports` | the chain and the store, as the core sees them |
//! | `store` | what every store does in the same way, and whole records |
//! | `record` | a subnet's ledger, and how it is read from the chain and written to a store |
//! | `window` | the time that a multiplier depends on, and what each holder had in it |
//! | `score` | the policy, its formula, and the multiplier that follows |
//! | `digest` | one hash over a window and its multipliers |
//! | `report` | what a record says of its holders |
//! | `weights` | a validator's weights, adjusted |
//! | `check` | whether a record is consistent in itself |
//! | `system` | everything for one subnet |

pub(crate) mod block;
pub mod check;
pub mod digest;
pub(crate) mod flow;
pub(crate) mod ledger;
pub mod ports;
pub(crate) mod record;
pub(crate) mod report;
pub(crate) mod score;
pub(crate) mod store;
mod system;
pub(crate) mod units;
pub mod weights;
pub mod window;

pub use block::{
    BlockFacts, ChainEvent, Detection, Epoch, EpochRecord, Phase, SkippedSlot, StakeChange, StakeEvent,
    SubnetCounters, is_epoch, share_pool,
};
pub use flow::{classify, emission, settle};
pub use ledger::{
    Entry, EntryId, EntryOrder, Exit, Flow, HolderTranches, Kind, OpenTranche, Origin, Source, Succession,
    Successions, Tranche, TrancheChange, TrancheHistory, sort_entries,
};
pub use record::{
    BlockchainMonitor, ConservationError, Doubt, Misfit, MonitorError, Pace, Progress, SubnetLedger,
    TakenBack, agreed_block, agreed_glance, interval, last_on_chain, take_back, window_start,
};
pub use report::{
    HistoryPoint, HolderQuery, HolderQueryError, HolderReport, JudgedMiner, MinerReport, Moved,
    PositionFigures, PositionReport, Reason, Report, ScoredHolder, StakeTracker, TrackerError, VestingStats,
    explain, position_figures, whatif,
};
pub use score::{MissingTime, formula, holding, kept, multiplier, policy};
pub use store::{MemoryStore, Parts, dry_prune, newest_epochs, prune, rewind};
pub use system::{StakeHistory, SystemError, TrueEmission, Update, VestingSystem};
pub use units::{
    AddressError, BlockHash, BlockNumber, BlockRef, Coldkey, DecimalError, Fraction, Hotkey, Millis, NetUid,
    Neuron, PositionKey, Ppb, Rao, RaoDelta, SubnetOwner, Uid,
};
pub use weights::adjust;
pub use window::{Opening, WindowLedger};
