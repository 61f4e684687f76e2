//! The HTTP API that `vesting run` serves.
//!
//! Takes from `exit`, `advice`, `clock`, `output`, `config`, `wiring`, `state`, `metrics`, `view` and `chart`.
//!
//! [`server`] takes connections, [`router`] has the paths, a file a noun answers them from [`state`].

mod age;
mod answer;
mod basis;
mod charts;
mod coldkeys;
mod connections;
mod digest;
mod epochs;
mod events;
mod export;
mod fallback;
mod headers;
mod health;
mod histories;
mod history;
mod history_cache;
mod listen;
mod listeners;
mod metrics;
mod miners;
mod openapi;
mod other_policy;
mod page;
mod parameters;
mod problem;
mod progress;
mod query;
mod report_cache;
mod reports;
mod responses;
mod router;
mod server;
mod site;
mod state;
mod stats;
mod subnets;
mod token;
mod update;
mod weights;
mod whatif;
mod work_pool;

pub use server::{bind, serve};
