//! The rows of the tables, and what they are in the core.

mod balance;
mod entry;
mod epoch;
mod interval;
mod lock;
mod neuron;
mod skipped;
mod snapshot;
mod stand;
mod succession;
mod time;
mod tranche;
mod watermark;

pub use balance::BalanceRow;
pub use entry::{EntryRow, Sum, in_parts, some_in_parts, whole};
pub use epoch::{ChangeRow, EpochRow};
pub use interval::OperationsRow;
pub use lock::LockColumns;
pub use neuron::{HolderRow, NeuronColumns};
pub use skipped::SkippedRow;
pub use snapshot::{Newest, SnapshotRow};
pub use stand::StandRow;
pub use succession::SuccessionRow;
pub use time::TimeRow;
pub use tranche::{ExitRow, TrancheRow};
pub use watermark::StateRow;
