//! How the daemon is doing: the one source of `/health/ready`, `/metrics` and what the service manager hears.
//!
//! Whoever does the work says so here; nothing here has a part in a figure.

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
pub use ready::Brief;
pub use role::Role;
pub use subnet::Subnet;
pub use unanswered::watch_database;
pub use watched::watched;
