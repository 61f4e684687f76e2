//! Following the subnets: one follower, and one task, for each of them.
//!
//! Takes from `advice`, `failure`, `task`, `config`, `witnesses`, `shared`, `wiring` and `state`.

mod follower;
mod followers;
mod fork;
mod pauses;

pub use followers::Followers;
pub use fork::{FORK_PAUSE, FORK_TRIES};
pub use pauses::{RETRY_PAUSE, report_and_wait, retry_pause};
