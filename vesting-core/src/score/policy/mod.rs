//! The policy: what a subnet's owner decides. Validators with the same policy get the same multipliers.

mod error;
mod rules;
mod subnet_policy;
mod text;

pub use crate::ledger::UnattributedRule;
pub use error::PolicyError;
pub use rules::{BelowMinimum, DurationRule, Redistribution};
pub use subnet_policy::{DAY_MS, Policy};
