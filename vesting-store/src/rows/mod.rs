//! The rows of the tables: one type for each, converted from and to the core's types.
//!
//! Takes from `schema`.

mod balance;
mod entry;
mod epoch;
mod interval;
mod lock;
mod neuron;
mod skipped;
mod snapshot;
mod state;
mod succession;
mod time;
mod tranche;
mod tranche_stand;
mod value;
mod wide_sum;

pub use balance::BalanceRow;
pub use entry::{EntryRow, EntrySumRow};
pub use epoch::{ChangeRow, EpochRow};
pub use interval::OperationsRow;
pub use lock::LockColumns;
pub use neuron::{HolderRow, NeuronColumns};
pub use skipped::SkippedRow;
pub use snapshot::{NewestSnapshotRow, SnapshotRow};
pub use state::StateRow;
pub use succession::SuccessionRow;
pub use time::TimeRow;
pub use tranche::{ExitRow, TrancheRow};
pub use tranche_stand::TrancheStandRow;
pub use value::{Location, block_bound, event_column, int, same_subnet};
pub use wide_sum::{sum_columns, wide_sum};
