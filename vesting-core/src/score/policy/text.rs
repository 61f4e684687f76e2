//! The canonical text of a policy and its digest.

use super::rules::Redistribution;
use super::subnet_policy::Policy;
use crate::ledger::UnattributedRule;
use crate::units::Digest;

/// The first line. A change of the text's meaning must change it.
const VERSION: &str = "vesting/policy/1";

impl Policy {
    /// The canonical text, version 1. Two policies have the same text exactly if they are the same. `shadow`
    /// does not count, since it changes no figure that validators agree on.
    ///
    /// ASCII; each line is `key value` and ends with a line feed. The first line is `vesting/policy/1` alone.
    /// Then come these keys in this order. A key is left out only where the table says so. Numbers are whole,
    /// without sign or leading zeros; fractions are in parts per billion.
    ///
    /// | key | value |
    /// |---|---|
    /// | `minimum_stake_rao` | rao |
    /// | `retention_window_ms` | milliseconds |
    /// | `retention_target_ppb` | fraction |
    /// | `max_multiplier_ppb` | fraction |
    /// | `formula` | its name, which stands for its constants too |
    /// | its own keys | as [`Formula::keys`](crate::formula::Formula::keys) gives them |
    /// | `duration_rule` | `default` or `since_last_sale` |
    /// | `below_minimum` | `no_multiplier` or `zero_weight` |
    /// | `redistribution` | `normalise`, `threshold` or `burn` |
    /// | `threshold_factor_ppb` | fraction; with `threshold` only |
    /// | `absolute_threshold_ppb` | fraction; with `threshold` only |
    /// | `burn_uid` | uid; with `burn` only |
    /// | `effective_from_block` | block, or `none` |
    /// | `unattributed` | `flow`; left out where it is `neutral`, the default, as policies before that key were |
    /// | `opening_cap_ppb` | factor; left out where there is no limit |
    #[must_use]
    pub fn text(&self) -> String {
        let numbers = match self.redistribution {
            Redistribution::Normalise => String::new(),
            Redistribution::Threshold { factor, absolute } => {
                format!("threshold_factor_ppb {}\nabsolute_threshold_ppb {}\n", factor.0, absolute.0)
            }
            Redistribution::Burn { uid } => format!("burn_uid {uid}\n"),
        };
        let of_the_formula: String =
            self.formula.keys().iter().map(|(key, value)| format!("{key} {value}\n")).collect();
        let unattributed = match self.unattributed {
            UnattributedRule::Neutral => String::new(),
            rule @ UnattributedRule::Flow => format!("unattributed {}\n", rule.name()),
        };
        let opening_cap =
            self.opening_cap.map_or_else(String::new, |cap| format!("opening_cap_ppb {}\n", cap.0));
        format!(
            "{VERSION}\n\
             minimum_stake_rao {}\n\
             retention_window_ms {}\n\
             retention_target_ppb {}\n\
             max_multiplier_ppb {}\n\
             formula {}\n\
             {of_the_formula}\
             duration_rule {}\n\
             below_minimum {}\n\
             redistribution {}\n\
             {numbers}\
             effective_from_block {}\n\
             {unattributed}\
             {opening_cap}",
            self.minimum_stake,
            self.retention_window,
            self.retention_target.0,
            self.max_multiplier.0,
            self.formula.name(),
            self.duration_rule.name(),
            self.below_minimum.name(),
            self.redistribution.name(),
            self.effective_from_block.map_or_else(|| "none".to_owned(), |block| block.to_string()),
        )
    }

    /// BLAKE2b of [`Policy::text`] with 32 bytes of output, no key, salt or personalisation.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.text().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ledger::UnattributedRule;
    use crate::score::formula::{Linear, Logarithmic, StakeTiers, Tier, TierStake, Tiered};
    use crate::score::policy::{BelowMinimum, DurationRule};
    use crate::units::{BlockNumber, Millis, Ppb, Rao, Uid};

    #[test]
    fn the_text_and_digest_of_the_default_are_these() {
        let text = "vesting/policy/1\nminimum_stake_rao 300000000\nretention_window_ms 2592000000\n\
            retention_target_ppb 900000000\nmax_multiplier_ppb 1500000000\nformula geometric_mean\n\
            duration_rule default\nbelow_minimum no_multiplier\nredistribution normalise\n\
            effective_from_block none\n";
        assert_eq!(Policy::default().text(), text);
        // printf '…' | b2sum -l 256
        assert_eq!(
            Policy::default().digest().to_string(),
            "0xec729c2eeaddf12347494ae7468d724edc8139fe522f728893f3ce9511665377"
        );
        let other = Policy {
            formula: Arc::new(Tiered),
            duration_rule: DurationRule::SinceLastSale,
            below_minimum: BelowMinimum::ZeroWeight,
            redistribution: Redistribution::Threshold { factor: Ppb(250_000_000), absolute: Ppb(1_000) },
            effective_from_block: Some(BlockNumber(7_000_000)),
            ..Policy::default()
        };
        assert!(other.text().ends_with(
            "formula tiered\nduration_rule since_last_sale\nbelow_minimum zero_weight\n\
            redistribution threshold\nthreshold_factor_ppb 250000000\nabsolute_threshold_ppb 1000\n\
            effective_from_block 7000000\n"
        ));
        assert_eq!(
            other.digest().to_string(),
            "0xd1b370173fe84c429828afe1c840a13627f9e9a4f4c555bb7870246dbb13a02d"
        );
        let flow = Policy { unattributed: UnattributedRule::Flow, ..Policy::default() };
        assert_eq!(flow.text(), format!("{text}unattributed flow\n"));
    }

    #[test]
    fn every_key_bears_on_the_text_but_shadow() {
        let policy = Policy::default;
        let table = |on, from| {
            let tiers = vec![Tier { from: Rao(from), factor: Ppb::ONE }];
            Arc::new(StakeTiers { on, tiers })
        };
        let others = [
            Policy { minimum_stake: Rao(1), ..policy() },
            Policy { retention_window: Millis(1), ..policy() },
            Policy { retention_target: Ppb(1), ..policy() },
            Policy { max_multiplier: Ppb(2_000_000_000), ..policy() },
            Policy { formula: Arc::new(Tiered), ..policy() },
            Policy { duration_rule: DurationRule::SinceLastSale, ..policy() },
            Policy { below_minimum: BelowMinimum::ZeroWeight, ..policy() },
            Policy { redistribution: Redistribution::Burn { uid: Uid(0) }, ..policy() },
            Policy { redistribution: Redistribution::Burn { uid: Uid(1) }, ..policy() },
            Policy {
                redistribution: Redistribution::Threshold { factor: Ppb(1), absolute: Ppb(2) },
                ..policy()
            },
            Policy {
                redistribution: Redistribution::Threshold { factor: Ppb(2), absolute: Ppb(1) },
                ..policy()
            },
            Policy { effective_from_block: Some(BlockNumber(0)), ..policy() },
            Policy { unattributed: UnattributedRule::Flow, ..policy() },
            Policy { opening_cap: Some(Ppb(0)), ..policy() },
            Policy { opening_cap: Some(Ppb::ONE), ..policy() },
            Policy { formula: Arc::new(Linear), ..policy() },
            Policy { formula: Arc::new(Logarithmic::default()), ..policy() },
            Policy { formula: Arc::new(Logarithmic { scale: Millis(1) }), ..policy() },
            Policy { formula: table(TierStake::Stake, 1), ..policy() },
            Policy { formula: table(TierStake::HeldRewards, 1), ..policy() },
            Policy { formula: table(TierStake::Stake, 2), ..policy() },
        ];
        let mut texts: Vec<String> = others.iter().map(Policy::text).chain([policy().text()]).collect();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), others.len() + 1);
        let shadow = Policy { shadow: true, ..policy() };
        assert_eq!(shadow.digest(), policy().digest());
    }
}
