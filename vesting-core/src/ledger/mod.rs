//! The ledger of a holder: entries, the tranches that they open and consume, and successions to other
//! coldkeys.
//!
//! Takes from `units` and `block`.

pub(crate) mod entry;
pub(crate) mod kind;
pub(crate) mod moment;
pub(crate) mod succession;
pub(crate) mod tranche;
pub(crate) mod unattributed;

pub use entry::{Entry, EntryId, EntryOrder, Source};
pub use kind::{Flow, Kind};
pub(crate) use moment::Moment;
pub use succession::{Succession, Successions};
pub use tranche::{
    Exit, HolderTranches, OpenTranche, Origin, Tranche, TrancheChange, TrancheHistory, sort_entries,
};
pub use unattributed::UnattributedRule;
