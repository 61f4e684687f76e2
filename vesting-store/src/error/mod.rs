//! Errors: a driver's error becomes one of the port's, with the database's name in it.
//!
//! Takes from nothing here.

mod fault;
pub mod naming;

pub use fault::{CUT_OFF, Fault, IO, NOT_A_DATABASE, from_message};
