//! What a record says of its holders: multipliers, reasons, histories, and what would change them.
//!
//! Takes from `units`, `block`, `ledger`, `ports`, `store`, `window`, `score` and `digest`.

pub mod explain;
pub(crate) mod figures;
pub(crate) mod history;
pub(crate) mod stats;
pub(crate) mod stretch;
pub(crate) mod tracker;
pub mod whatif;
pub(crate) mod whom;

pub use figures::{HolderReport, PositionFigures, PositionReport, position_figures};
pub use history::{HistoryPoint, Moved};
pub use stats::VestingStats;
pub use tracker::{MinerReport, Reason, Report, StakeTracker, TrackerError};
pub use whom::{Whom, WhomError};
