//! What a holder earned, sold and kept in a window, on all its positions of the subnet.

use serde::Serialize;
use vesting_core::holding::Holding;

#[derive(Serialize)]
pub struct Holder {
    start: u64,
    stake: String,
    opening_kept: String,
    rewards: String,
    rewards_kept: String,
    other: String,
    other_kept: String,
    manual_kept: String,
    sold: String,
}

impl From<&Holding> for Holder {
    fn from(holding: &Holding) -> Self {
        Self {
            start: holding.start.0,
            stake: holding.stake().to_string(),
            opening_kept: holding.opening.to_string(),
            rewards: holding.rewards.to_string(),
            rewards_kept: holding.rewards_kept.to_string(),
            other: holding.other.to_string(),
            other_kept: holding.other_kept.to_string(),
            manual_kept: holding.manual_kept.to_string(),
            sold: holding.sold.to_string(),
        }
    }
}
