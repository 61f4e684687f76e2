//! Following the subnets, each by a task of its own: what becomes of one ends or delays no other.

mod follower;
mod followers;
mod fork;
mod pauses;

pub use followers::Followers;
pub use fork::{FORK_PAUSE, FORK_TRIES};
pub use pauses::{RETRY_PAUSE, report_and_wait, retry_pause};
