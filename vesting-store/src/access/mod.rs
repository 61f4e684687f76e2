//! Access to a database: one connection that writes, several that read, and the right to write a record.
//!
//! Takes from `error` and `database`.

mod blocking;
mod claim;
mod open_connection;
mod readers;
mod writer;

pub use claim::holder;
pub use open_connection::OpenConnection;
pub use readers::Readers;
pub use writer::Writer;
