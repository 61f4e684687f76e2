//! A table of stake.

use super::any_formula::Formula;
use super::term::Term;
use crate::score::holding::Holding;
use crate::score::multiplier::LimitedBy;
use crate::score::policy::{Policy, PolicyError};
use crate::units::{Ppb, Rao};

/// Which stake a table is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TierStake {
    /// All stake of the holder, whatever it comes from.
    #[default]
    Stake,
    /// What is held of the rewards of the window. Stake that was bought does not count.
    HeldRewards,
}

impl TierStake {
    /// Every choice.
    pub const ALL: [Self; 2] = [Self::Stake, Self::HeldRewards];

    /// The name in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stake => "stake",
            Self::HeldRewards => "held_rewards",
        }
    }

    fn of(self, holding: &Holding) -> u128 {
        match self {
            Self::Stake => holding.stake().0.into(),
            Self::HeldRewards => holding.rewards_kept,
        }
    }
}

/// A line of the table: who has so much has this factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tier {
    /// The least stake.
    pub from: Rao,
    /// The factor, from 1 to the policy's `max_multiplier`.
    pub factor: Ppb,
}

/// A table of stake: m is the factor of the last line whose stake the holder has, and 1 under the first. On
/// all stake, it counts for who earned nothing too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StakeTiers {
    /// Which stake it is about, `stake_tiers_on` in the configuration.
    pub on: TierStake,
    /// Its lines by rising stake, `stake_tiers` in the configuration.
    pub tiers: Vec<Tier>,
}

impl StakeTiers {
    /// As many lines a table can have.
    pub const MOST: usize = 64;

    fn judge(&self, holding: &Holding, policy: &Policy) -> (Ppb, LimitedBy) {
        let met = self.tiers.iter().take_while(|tier| u128::from(tier.from.0) <= self.on.of(holding)).count();
        let factor =
            met.checked_sub(1).and_then(|last| self.tiers.get(last)).map_or(Ppb::ONE, |tier| tier.factor);
        let is_last = met == self.tiers.len() || factor >= policy.max_multiplier;
        (factor, if is_last { LimitedBy::Nothing } else { LimitedBy::StakeTier })
    }
}

impl Formula for StakeTiers {
    fn name(&self) -> &'static str {
        "stake_tiers"
    }

    fn keys(&self) -> Vec<(&'static str, String)> {
        let lines: Vec<String> =
            self.tiers.iter().map(|tier| format!("{}:{}", tier.from, tier.factor.0)).collect();
        vec![("stake_tiers_on", self.on.name().to_owned()), ("stake_tiers_rao_ppb", lines.join(","))]
    }

    fn check(&self, policy: &Policy) -> Result<(), PolicyError> {
        let refuse = |tier: &Tier, why| {
            let from = Ppb(tier.from.0);
            Err(PolicyError { key: "stake_tiers", value: format!("{from}:{}", tier.factor), why })
        };
        if self.tiers.is_empty() || self.tiers.len() > Self::MOST {
            let value = format!("of {} lines", self.tiers.len());
            return Err(PolicyError { key: "stake_tiers", value, why: "it must have from 1 to 64 lines" });
        }
        if let Some(tier) = self.tiers.iter().find(|tier| tier.factor < Ppb::ONE) {
            return refuse(tier, "a factor must be at least 1");
        }
        if let Some(tier) = self.tiers.iter().find(|tier| tier.factor > policy.max_multiplier) {
            return refuse(tier, "a factor must be at most `max_multiplier`");
        }
        for pair in self.tiers.windows(2) {
            let [before, tier] = pair else { continue };
            if tier.from <= before.from {
                return refuse(tier, "its stake must be above that of the line before");
            }
            if tier.factor < before.factor {
                return refuse(tier, "its factor must not be under that of the line before");
            }
        }
        Ok(())
    }

    fn factor(&self, holding: &Holding, policy: &Policy) -> Option<(Ppb, LimitedBy)> {
        Some(self.judge(holding, policy))
    }

    fn nothing_earned(&self, holding: &Holding, policy: &Policy) -> (Ppb, LimitedBy) {
        match self.on {
            TierStake::Stake => self.judge(holding, policy),
            TierStake::HeldRewards => (Ppb::ONE, LimitedBy::NothingEarned),
        }
    }

    fn most(&self, policy: &Policy) -> Ppb {
        self.tiers.last().map_or(Ppb::ONE, |tier| tier.factor.min(policy.max_multiplier))
    }

    fn terms(&self, holding: &Holding, policy: &Policy) -> Vec<Term> {
        let most = self.most(policy);
        let meaning = match self.on {
            TierStake::Stake => "the factor of the table for the stake",
            TierStake::HeldRewards => "the factor of the table for the rewards held",
        };
        vec![Term { name: "f", value: self.judge(holding, policy).0, most, meaning }]
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::score::multiplier::multiplier;

    fn table(on: TierStake, tiers: &[(u64, u64)]) -> StakeTiers {
        let tier = |(from, factor): &(u64, u64)| Tier { from: Rao(*from), factor: Ppb(*factor) };
        StakeTiers { on, tiers: tiers.iter().map(tier).collect() }
    }

    fn policy(on: TierStake) -> Policy {
        let table = table(on, &[(1_000, 1_100_000_000), (5_000, 1_400_000_000)]);
        Policy { formula: Arc::new(table), minimum_stake: Rao(0), ..Policy::default() }
    }

    #[test]
    fn the_last_line_that_is_met_counts() {
        let judge = |stake: u128| {
            let holding = Holding { opening: stake, rewards: 1, ..Holding::default() };
            let found = multiplier(&holding, &policy(TierStake::Stake));
            (found.factor.0, found.limited_by)
        };
        assert_eq!(judge(999), (1_000_000_000, LimitedBy::StakeTier));
        assert_eq!(judge(1_000), (1_100_000_000, LimitedBy::StakeTier));
        assert_eq!(judge(4_999), (1_100_000_000, LimitedBy::StakeTier));
        assert_eq!(judge(5_000), (1_400_000_000, LimitedBy::Nothing));
        assert_eq!(judge(u128::from(u64::MAX)), (1_400_000_000, LimitedBy::Nothing));
    }

    #[test]
    fn only_rewards_that_are_held_count_where_the_table_says_so() {
        let bought = Holding { manual_kept: 9_000, rewards: 2_000, rewards_kept: 900, ..Holding::default() };
        assert_eq!(multiplier(&bought, &policy(TierStake::HeldRewards)).factor, Ppb::ONE);
        let held = Holding { rewards_kept: 1_000, ..bought };
        assert_eq!(multiplier(&held, &policy(TierStake::HeldRewards)).factor, Ppb(1_100_000_000));
    }

    #[test]
    fn who_earned_nothing_has_the_factor_of_its_stake() {
        let holding = Holding { manual_kept: 5_000, ..Holding::default() };
        assert_eq!(multiplier(&holding, &policy(TierStake::Stake)).factor, Ppb(1_400_000_000));
        let found = multiplier(&holding, &policy(TierStake::HeldRewards));
        assert_eq!((found.factor, found.limited_by), (Ppb::ONE, LimitedBy::NothingEarned));
    }

    #[test]
    fn a_table_that_makes_no_sense_is_refused_with_its_line() {
        let most = StakeTiers::MOST as u64;
        let long: Vec<(u64, u64)> = (0..=most).map(|n| (n, 1_000_000_000)).collect();
        for (tiers, value) in [
            (vec![], "of 0 lines"),
            (long, "of 65 lines"),
            (vec![(1, 999_999_999)], "0.000000001:0.999999999"),
            (vec![(1, 1_500_000_001)], "0.000000001:1.500000001"),
            (vec![(2, 1_000_000_000), (2, 1_100_000_000)], "0.000000002:1.100000000"),
            (vec![(2, 1_100_000_000), (3, 1_000_000_000)], "0.000000003:1.000000000"),
        ] {
            let formula = Arc::new(table(TierStake::Stake, &tiers));
            let error = Policy { formula, ..Policy::default() }.check().unwrap_err();
            assert_eq!((error.key, error.value.as_str()), ("stake_tiers", value));
        }
        assert_eq!(policy(TierStake::Stake).check(), Ok(()));
    }

    #[test]
    fn the_policy_has_the_table() {
        let text = policy(TierStake::HeldRewards).text();
        let lines = "formula stake_tiers\nstake_tiers_on held_rewards\n\
            stake_tiers_rao_ppb 1000:1100000000,5000:1400000000\n";
        assert!(text.contains(lines), "{text}");
    }
}
