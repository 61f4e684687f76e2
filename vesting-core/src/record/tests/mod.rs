//! What recording does, rule by rule, each on the smallest history that shows it.

pub(crate) mod chain;
mod monitor;
mod recorder;
mod route;
mod search;
