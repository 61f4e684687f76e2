//! The record in a database, through diesel.
//!
//! [`open`] and [`open_existing`] understand database URLs and give back the core's port;
//! [`SqliteStore`] is the adapter itself. [`export`] is a record as a file. No type of diesel is seen from outside.

mod convert;
pub mod export;
mod fault;
mod file;
mod held;
mod insert;
mod link;
mod read;
mod rows;
mod schema;
mod sqlite;
mod url;
mod write;

pub use sqlite::SqliteStore;
pub use url::{migrate, open, open_existing};
