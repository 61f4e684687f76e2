//! What is known of runtimes by version. All of it is in one table, [`RULES`].
//!
//! A runtime tells most of itself by its metadata, and is read by that. The table has what metadata cannot
//! tell: a meaning that changed under the same name and fields, and what a reader may leave out. Each rule
//! says how it was found, so that one can see what is only assumed of a runtime that nobody measured.
//!
//! Takes from nothing here.

pub(crate) mod fee;
pub(crate) mod measured;
pub(crate) mod of_runtime;
pub(crate) mod rule;

pub use fee::FeeRule;
pub use measured::{MEASURED, Standing};
pub use of_runtime::Facts;
pub use rule::{Evidence, Fact, RULES, Rule};
