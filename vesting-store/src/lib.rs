//! The record in a database, through diesel.
//!
//! [`open`] and [`open_existing`] understand database URLs and give back the core's port;
//! [`SqliteStore`] is the adapter itself. No type of diesel is seen from outside.

mod convert;
mod fault;
mod insert;
mod link;
mod read;
mod rows;
mod schema;
mod sqlite;
mod url;
mod write;

pub use sqlite::SqliteStore;
pub use url::{open, open_existing};
