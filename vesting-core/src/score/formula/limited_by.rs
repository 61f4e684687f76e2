//! What keeps a multiplier from being larger.

/// What keeps a multiplier from being larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitedBy {
    /// Too large a part of the rewards was sold.
    HoldingPercentage,
    /// The rewards were held for too short a time.
    HoldingDuration,
    /// Nothing was earned in the window.
    NothingEarned,
    /// The stake is under the minimum.
    MinimumStake,
    /// The next line of a table of stake is not met.
    StakeTier,
    /// Nothing: it is the largest multiplier.
    Nothing,
}

impl LimitedBy {
    /// The name used in output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HoldingPercentage => "holding_percentage",
            Self::HoldingDuration => "holding_duration",
            Self::NothingEarned => "nothing_earned",
            Self::MinimumStake => "minimum_stake",
            Self::StakeTier => "stake_tier",
            Self::Nothing => "nothing",
        }
    }
}
