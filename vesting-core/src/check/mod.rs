//! Checks whether a record is consistent in itself: the conservation law over all of it, and every row that
//! follows from other rows.
//!
//! Takes from `units`, `block`, `ledger`, `ports` and `store`.

mod checked;
mod condensed;
mod conservation;
mod error;
mod inconsistency;
mod keys;
mod left;
mod owners;
mod part_checker;
mod record;
mod state;
mod stretch;
mod tranches;

pub use checked::Checked;
pub use error::CheckError;
pub use inconsistency::{BalanceOf, Inconsistency};
pub use part_checker::{PartChecker, check_beside, check_parts, check_store};
pub use record::check;
pub use state::check_state;
