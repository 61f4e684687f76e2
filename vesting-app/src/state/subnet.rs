//! What is known of one subnet.

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
    /// Whether following it, or standing by, has begun.
    pub begun: bool,
    /// How far it is taken in, and up to where it goes.
    pub progress: Option<Progress>,
    pub last_error: Option<LastError>,
    /// Why nothing is recorded yet, where that is known.
    pub waiting: Option<String>,
    /// How far its record goes.
    pub watermark: Option<Watermark>,
    pub last_epoch: Option<Epoch>,
    /// As of its last epoch or, while those come fast, of one not long before.
    pub figures: Option<Figures>,
    pub counts: Counts,
    /// How often it was seen to be taken back.
    pub rewinds: u64,
}
