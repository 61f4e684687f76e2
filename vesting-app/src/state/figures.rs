//! Figures that take a whole report, computed once an epoch.

use std::collections::BTreeMap;

use vesting_core::policy::Policy;
use vesting_core::ports::StakeStore;
use vesting_core::{BlockNumber, Epoch, NetUid, Ppb, Report, StakeTracker, TrackerError, VestingStats};

/// Figures of a subnet as of an epoch.
#[derive(Debug, Clone)]
pub struct Figures {
    pub as_of: Epoch,
    /// Where the record begins, if that is inside the window.
    pub incomplete_since: Option<BlockNumber>,
    /// The number of neurons, by the part of the possible effect that they have and by what limits it.
    pub neurons: BTreeMap<(&'static str, &'static str), u64>,
    /// The lowest, the mean and the highest multiplier.
    pub multipliers: Option<(Ppb, Ppb, Ppb)>,
    pub holders: usize,
    /// Σ of the magnitudes in the window, in rao.
    pub unattributed: i128,
    pub rounding: i128,
}

impl Figures {
    /// As of the newest epoch of a record.
    pub async fn work_out(
        store: &dyn StakeStore,
        tracker: &StakeTracker,
        netuid: NetUid,
        policy: &Policy,
    ) -> Result<Self, TrackerError> {
        let report = tracker.report(netuid, policy, None).await?;
        let stats = VestingStats::read(store, &report).await?;
        Ok(Self {
            as_of: report.window.as_of,
            incomplete_since: report.window.incomplete_since,
            neurons: neurons(&report, policy.max_multiplier),
            multipliers: stats.multipliers,
            holders: stats.holders,
            unattributed: stats.unattributed.0,
            rounding: stats.rounding.0,
        })
    }
}

fn neurons(report: &Report, most: Ppb) -> BTreeMap<(&'static str, &'static str), u64> {
    let mut neurons = BTreeMap::new();
    for miner in &report.miners {
        let effect =
            if miner.multiplier.zero_weight { "zero_weight" } else { effect(miner.multiplier.factor, most) };
        let count = neurons.entry((effect, miner.multiplier.limited_by.name())).or_insert(0u64);
        *count = count.saturating_add(1);
    }
    neurons
}

/// The part of the possible effect that a multiplier has: (m − 1) of (M − 1), in per cent, as `from-to`.
fn effect(factor: Ppb, most: Ppb) -> &'static str {
    let part = u128::from(factor.0.saturating_sub(Ppb::ONE.0)) * 100;
    let per_cent = part.checked_div(u128::from(most.0.saturating_sub(Ppb::ONE.0))).unwrap_or(0);
    match per_cent {
        _ if part == 0 => "0",
        0..10 => "0-10",
        10..20 => "10-20",
        20..30 => "20-30",
        30..40 => "30-40",
        40..50 => "40-50",
        50..60 => "50-60",
        60..70 => "60-70",
        70..80 => "70-80",
        80..90 => "80-90",
        _ => "90-100",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effect_is_a_part_of_what_is_possible() {
        let of = |factor, most| effect(Ppb(factor), Ppb(most));
        assert_eq!(of(1_000_000_000, 1_500_000_000), "0");
        assert_eq!(of(1_000_000_001, 1_500_000_000), "0-10");
        assert_eq!(of(1_049_999_999, 1_500_000_000), "0-10");
        assert_eq!(of(1_050_000_000, 1_500_000_000), "10-20");
        assert_eq!(of(1_500_000_000, 1_500_000_000), "90-100");
        assert_eq!(of(1_000_000_000, 1_000_000_000), "0");
    }
}
