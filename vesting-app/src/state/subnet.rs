//! What is known of one subnet.

use std::collections::BTreeMap;

use vesting_core::ports::Watermark;
use vesting_core::{Detection, Epoch, Progress};

use super::failure::LastError;
use super::figures::Figures;

/// What this process does for a subnet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Role {
    /// Only reads its record.
    #[default]
    Reader,
    /// Records it.
    Leader,
    /// Would, if nobody else did.
    Standby {
        /// Who does.
        by: String,
    },
}

impl Role {
    pub const NAMES: [&'static str; 3] = ["leader", "standby", "reader"];

    pub const fn name(&self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Leader => "leader",
            Self::Standby { .. } => "standby",
        }
    }
}

/// What this process has taken in since it began.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    pub epochs: BTreeMap<Detection, u64>,
    pub entries: u64,
    /// Σ of the magnitudes, in rao.
    pub unattributed: u64,
    pub rounding: u64,
    pub conservation_failures: u64,
}

/// What is known of one subnet.
#[derive(Debug, Clone, Default)]
pub struct Subnet {
    pub role: Role,
    /// Whether following it, or standing by, has begun.
    pub begun: bool,
    /// How far it is taken in, and up to where it goes.
    pub progress: Option<Progress>,
    pub last_error: Option<LastError>,
    /// Why nothing is recorded yet, where that is known.
    pub waits: Option<String>,
    /// How far its record goes.
    pub watermark: Option<Watermark>,
    pub last_epoch: Option<Epoch>,
    /// As of its last epoch or, while those come fast, of one not long before.
    pub figures: Option<Figures>,
    pub counts: Counts,
    /// How often it was seen to be taken back.
    pub rewinds: u64,
}
