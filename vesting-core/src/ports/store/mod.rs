//! The store, as the core sees it.

mod commit;
mod error;
mod layer;
mod ledger_state;
mod open_interval;
mod pruned;
mod read_record;
mod rows;
mod stake_store;
mod tranche_page;
mod tranche_stand;
mod watermark;
mod whole_record;
mod write_record;

pub use commit::Commit;
pub use error::StoreError;
pub use layer::{StoreAnswer, StoreLayer};
pub use ledger_state::LedgerState;
pub use open_interval::OpenInterval;
pub use pruned::Pruned;
pub use read_record::ReadRecord;
pub use rows::{BalanceChange, Holder, LockRow, NeuronRow, Snapshot};
pub use stake_store::StakeStore;
pub use tranche_page::{End, TranchePage};
pub use tranche_stand::TrancheStand;
pub use watermark::Watermark;
pub use whole_record::WholeRecord;
pub use write_record::WriteRecord;

#[cfg(any(test, feature = "mocks"))]
pub use read_record::MockReadRecord;
#[cfg(any(test, feature = "mocks"))]
pub use whole_record::MockWholeRecord;
#[cfg(any(test, feature = "mocks"))]
pub use write_record::MockWriteRecord;
