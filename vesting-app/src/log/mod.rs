//! The log, on standard error, without secrets; and what a panic says.
//!
//! Takes from nothing here.

mod format;
mod hidden;
mod panic;
mod start;

pub use format::LogFormat;
pub use hidden::hide_in;
pub use panic::log_panic;
pub use start::begin;
