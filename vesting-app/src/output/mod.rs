//! What people and programs read on standard output and standard error.
//!
//! Takes from nothing here.

mod amount;
mod hash;
mod out;
mod table;
mod time;

pub use amount::{alpha, alpha_short, alpha_sum, difference, percent};
pub use hash::is_hash;
pub use out::{Out, say};
pub use table::{short, table};
pub use time::{days, time};
