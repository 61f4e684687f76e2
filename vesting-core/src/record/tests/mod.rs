//! What recording does, rule by rule, each on the smallest history that shows it.

#![allow(clippy::single_range_in_vec_init)] // a life of a subnet is a range of blocks, and there may be one

pub(crate) mod chain;
mod monitor;
mod recorder;
mod route;
mod search;
