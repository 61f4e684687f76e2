//! What a holder earned, sold and kept in a window, on all its positions of the subnet.

use serde::Serialize;
use utoipa::ToSchema;
use vesting_core::holding::Holding;

use super::text::Amount;

/// What a holder earned, sold and kept in the window, on all its positions of the subnet.
#[derive(Serialize, ToSchema)]
pub struct Holder {
    /// The block at whose end its history in the window starts.
    start: u64,
    stake: Amount,
    /// What is left of what it held then.
    opening_kept: Amount,
    /// As much of it counts in the time held, by the policy's `opening_cap`.
    opening_counted: Amount,
    /// Rewards earned.
    rewards: Amount,
    rewards_kept: Amount,
    /// Dividends and whatever else was earned.
    other: Amount,
    other_kept: Amount,
    /// What is left of what was bought or moved in.
    manual_kept: Amount,
    /// What left.
    sold: Amount,
}

impl From<&Holding> for Holder {
    fn from(holding: &Holding) -> Self {
        Self {
            start: holding.start.0,
            stake: holding.stake().into(),
            opening_kept: holding.opening.into(),
            opening_counted: holding.opening_counted().into(),
            rewards: holding.rewards.into(),
            rewards_kept: holding.rewards_kept.into(),
            other: holding.other.into(),
            other_kept: holding.other_kept.into(),
            manual_kept: holding.manual_kept.into(),
            sold: holding.sold.into(),
        }
    }
}
