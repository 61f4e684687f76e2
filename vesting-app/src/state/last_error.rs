//! The last error.

use std::time::SystemTime;

use vesting_core::MonitorError;
use vesting_core::ports::ChainError;
use vesting_secret::hide;

use super::obstacle::Obstacle;
use crate::failure::unreadable_runtime;

/// The last error, of a subnet or from before any was followed.
#[derive(Debug, Clone)]
pub struct LastError {
    pub message: String,
    pub at: SystemTime,
    /// Whether nothing has been taken in since.
    pub holds: bool,
    /// The obstacle, if it is why nothing can be written.
    pub kind: Option<Obstacle>,
}

impl LastError {
    pub fn now(error: &anyhow::Error) -> Self {
        let kind = match error.downcast_ref() {
            Some(MonitorError::Conservation(_)) => Some(Obstacle::Broken),
            Some(MonitorError::Chain(ChainError::Contradicted { .. })) => Some(Obstacle::Contradicted),
            _ => unreadable_runtime(error).map(Obstacle::Unreadable),
        };
        Self { message: hide(&format!("{error:#}")).into_owned(), at: SystemTime::now(), holds: true, kind }
    }
}
