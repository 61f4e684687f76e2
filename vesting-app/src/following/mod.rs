//! Following the subnets, each by a task of its own: what becomes of one ends or delays no other.

mod follower;
mod followers;
mod fork;
mod pauses;

pub use followers::Following;
pub use fork::{FORK_PAUSE, FORKS};
pub use pauses::{PAUSE, wait_out, waits};
