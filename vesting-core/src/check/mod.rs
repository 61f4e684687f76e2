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
mod record;
mod state;
mod stretch;
mod tranches;
mod walk;

pub use checked::Checked;
pub use error::CheckError;
pub use inconsistency::{Inconsistency, Whose};
pub use record::check;
pub use state::check_state;
pub use walk::{Walk, check_beside, check_parts, check_store};
