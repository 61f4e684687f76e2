//! The tables: their columns, and the version of them that a database has.
//!
//! Takes from `error`.

pub mod tables;
pub mod version;
