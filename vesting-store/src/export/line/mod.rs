//! The lines of an export: one type for each kind of line.

mod entry;
mod epoch;
mod frame;
mod holder;
mod kind;
mod snapshot;
mod tranche;

pub use epoch::{BlockTimeLine, EpochLine};
pub use frame::{Header, PartHead, Preamble, Trailer};
pub use kind::Line;
