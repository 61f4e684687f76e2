//! The record in a database, through diesel.
//!
//! [`open`] and [`open_existing`] understand database URLs and give back the core's port; [`DatabaseStore`]
//! is the adapter itself, over SQLite and PostgreSQL. [`export`] is a record as a file. No type of diesel is
//! seen from outside.

mod blocking;
mod claim;
mod convert;
mod examine;
pub mod export;
mod fault;
mod file;
mod held;
mod insert;
mod leave;
mod link;
mod naming;
mod open_file;
mod place;
mod prune;
mod read;
mod readers;
mod rewind;
mod rows;
mod schema;
mod schema_version;
mod server;
mod store;
mod url;
mod write;
mod writer;

pub use examine::{Examined, Schema, examine, writer};
#[doc(hidden)] // for tests that look at the plans of its statements
pub use rewind::statements as rewind_statements;
pub use store::DatabaseStore;
pub use url::{check, compact, migrate, open, open_existing};
