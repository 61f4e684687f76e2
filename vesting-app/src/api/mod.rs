//! The HTTP API that `vesting run` serves.

mod digest;
mod epochs;
mod health;
mod history;
mod metrics;
mod miners;
mod problem;
mod query;
mod server;
mod stats;
mod weights;

pub use server::{bind, serve};
