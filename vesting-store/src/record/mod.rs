//! The statements that read and change a record. Each function runs inside the transaction of its caller.
//!
//! Takes from `error`, `schema`, `rows` and `database`.

mod exits;
mod insert;
pub mod prune;
pub mod read;
pub mod rewind;
pub mod write;
