//! The state of the daemon: the one source of `/health/ready`, `/metrics` and the messages to the service
//! manager.
//!
//! The tasks that do the work report here. Nothing here is part of a figure of a report.
//!
//! Takes from `advice`, `failure`, `clock`, `output` and `config`.

mod clock_warning;
mod counts;
mod daemon;
mod figures;
mod heartbeat;
mod last_error;
mod observer;
mod obstacle;
mod ready;
mod recorded;
mod role;
mod store_times;
mod subnet;
#[cfg(test)]
mod tests;
mod unanswered;
mod update_requests;
mod watched;

pub use daemon::State;
pub use figures::Figures;
pub use last_error::LastError;
pub use observer::observe;
pub use ready::{Readiness, ReadinessSummary};
pub use role::Role;
pub use subnet::Subnet;
pub use unanswered::watch_database;
pub use watched::watched;
