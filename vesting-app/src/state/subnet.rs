//! The state of one subnet.

use vesting_core::ports::Watermark;
use vesting_core::{Epoch, Progress};

use super::counts::Counts;
use super::figures::Figures;
use super::last_error::LastError;
use super::role::Role;

/// What is known of one subnet.
#[derive(Debug, Clone, Default)]
pub struct Subnet {
    pub role: Role,
    /// Whether its follower has started, to record or to stand by.
    pub begun: bool,
    /// The last block taken in, and the block it goes on to.
    pub progress: Option<Progress>,
    pub last_error: Option<LastError>,
    /// Why nothing is recorded yet, if that is known.
    pub waiting: Option<String>,
    /// The end of its record.
    pub watermark: Option<Watermark>,
    pub last_epoch: Option<Epoch>,
    /// Figures as of its last epoch or, while catching up, of one shortly before.
    pub figures: Option<Figures>,
    pub counts: Counts,
    /// How often its record was taken back.
    pub rewinds: u64,
}
