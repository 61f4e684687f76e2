//! The HTTP API that `vesting run` serves.

mod age;
mod charts;
mod coldkeys;
mod connections;
mod digest;
mod epochs;
mod events;
mod health;
mod history;
mod known;
mod lane;
mod listen;
mod metrics;
mod miners;
mod openapi;
mod page;
mod points;
mod problem;
mod query;
mod server;
mod site;
mod stats;
mod subnets;
mod update;
mod weights;
mod whatif;

pub use server::{bind, serve};
