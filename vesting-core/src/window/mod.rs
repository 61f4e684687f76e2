//! The window: the time that a multiplier depends on, and what each holder had in it.
//!
//! Takes from `units`, `block`, `ledger` and `ports`.

pub(crate) mod ledger;
pub(crate) mod span;

pub use ledger::{Opening, WindowLedger};
pub use span::{HolderChange, Window};
