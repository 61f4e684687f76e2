//! The tables: their columns, and which version of them a database has.
//!
//! Takes from `error`.

pub mod tables;
pub mod version;
