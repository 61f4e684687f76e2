//! The record in a database, SQLite or PostgreSQL, through diesel.
//!
//! [`open`] and [`open_existing`] take a database URL and return the core's port. [`DatabaseStore`] is the
//! adapter behind it. [`export`] writes a record to a file and reads it back. No type of diesel is public.
//!
//! # Streets
//!
//! Each takes from those above it only.
//!
//! | street | what is there |
//! |---|---|
//! | `error` | errors of the drivers as errors of the port |
//! | `schema` | the tables, and which version of them a database has |
//! | `rows` | one type for each table's rows |
//! | `database` | database URLs, and opening SQLite and PostgreSQL safely |
//! | `access` | the connection that writes, those that read, and the right to write |
//! | `record` | the statements that read and change a record |
//! | `store` | the core's port over a database, and what can be done with a database URL |
//! | `export` | a record as a file |

mod access;
mod database;
mod error;
pub mod export;
mod record;
mod rows;
mod schema;
mod store;

#[doc(hidden)] // for tests that look at the plans of its statements
pub use record::rewind::statements as rewind_statements;
pub use schema::version::Schema;
pub use store::{
    DatabaseStore, Examined, check, compact, examine, file, migrate, open, open_existing, writer,
};
