//! What limits a multiplier.

use serde::Serialize;
use utoipa::ToSchema;
use vesting_core::multiplier::LimitedBy as Limit;

/// What limits the multiplier.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitedBy {
    HoldingPercentage,
    HoldingDuration,
    NothingEarned,
    MinimumStake,
    StakeTier,
    Nothing,
}

impl From<Limit> for LimitedBy {
    fn from(limit: Limit) -> Self {
        match limit {
            Limit::HoldingPercentage => Self::HoldingPercentage,
            Limit::HoldingDuration => Self::HoldingDuration,
            Limit::NothingEarned => Self::NothingEarned,
            Limit::MinimumStake => Self::MinimumStake,
            Limit::StakeTier => Self::StakeTier,
            Limit::Nothing => Self::Nothing,
        }
    }
}
