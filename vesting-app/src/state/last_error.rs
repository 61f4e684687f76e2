//! What went wrong last.

use std::time::SystemTime;

use vesting_core::MonitorError;
use vesting_core::ports::ChainError;
use vesting_secret::hide;

use super::obstacle::Obstacle;
use crate::failure::unreadable;

/// What went wrong last, of a subnet or before any was followed.
#[derive(Debug, Clone)]
pub struct LastError {
    pub words: String,
    pub at: SystemTime,
    /// Whether nothing has been taken in since.
    pub holds: bool,
    /// Where that is why nothing can be written.
    pub kind: Option<Obstacle>,
}

impl LastError {
    pub fn now(error: &anyhow::Error) -> Self {
        let kind = match error.downcast_ref() {
            Some(MonitorError::Conservation(_)) => Some(Obstacle::Broken),
            Some(MonitorError::Chain(ChainError::Contradicted { .. })) => Some(Obstacle::Contradicted),
            _ => unreadable(error).map(Obstacle::Unreadable),
        };
        Self { words: hide(&format!("{error:#}")).into_owned(), at: SystemTime::now(), holds: true, kind }
    }
}
