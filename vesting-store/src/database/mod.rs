//! The two kinds of database: where a URL leads, and how SQLite or PostgreSQL is opened safely.
//!
//! Takes from `error` and `schema`.

mod any_connection;
mod open_file;
mod place;
mod postgres;
mod sqlite;

pub use any_connection::AnyConnection;
pub use open_file::OpenFile;
pub use place::Place;
