//! What a record says of its holders: multipliers, reasons, histories, and what would change them.
//!
//! Takes from `units`, `block`, `ledger`, `ports`, `store`, `window`, `score` and `digest`.

pub(crate) mod error;
pub mod explain;
pub(crate) mod figures;
pub(crate) mod history;
pub(crate) mod holder_query;
pub(crate) mod judged;
pub(crate) mod miners;
pub(crate) mod reason;
pub(crate) mod stats;
pub(crate) mod stretch;
pub(crate) mod tracker;
pub mod whatif;

pub use error::TrackerError;
pub use figures::{HolderReport, PositionFigures, PositionReport, position_figures};
pub use history::{HistoryPoint, Moved};
pub use holder_query::{HolderQuery, HolderQueryError};
pub use judged::{JudgedMiner, ScoredHolder};
pub use miners::{MinerReport, Report};
pub use reason::Reason;
pub use stats::VestingStats;
pub use tracker::StakeTracker;
