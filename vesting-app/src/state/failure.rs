//! What went wrong last.

use std::time::SystemTime;

use vesting_core::MonitorError;
use vesting_core::ports::ChainError;
use vesting_secret::hide;

use crate::following::unreadable;

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

/// Why nothing of a subnet can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// Its ledger does not agree with the chain.
    Broken,
    /// Its record is to be read again, since the runtime contradicts its storage.
    Contradicted,
    /// The runtime of this version cannot be read.
    Unreadable(u32),
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

impl Obstacle {
    pub fn words(self) -> String {
        match self {
            Self::Broken | Self::Contradicted => {
                "its record does not agree with the chain, and nothing is written".to_owned()
            }
            Self::Unreadable(spec_version) => {
                format!(
                    "the chain's runtime (spec {spec_version}) cannot be read by this version, and nothing is written"
                )
            }
        }
    }
}
