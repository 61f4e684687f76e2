//! Errors of the drivers as errors of the port, with the name of the database.
//!
//! Takes from nothing here.

mod fault;
pub mod naming;

pub use fault::{CUT_OFF, Fault, IO, NOT_A_DATABASE, from_message};
