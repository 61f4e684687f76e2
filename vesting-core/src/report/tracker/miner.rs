//! One neuron as of an epoch, with its share of its holder's stake by origin.

use std::collections::BTreeMap;

use crate::report::judged::{JudgedMiner, ScoredHolder};
use crate::report::miners::MinerReport;
use crate::units::{Neuron, PositionKey, Rao};

pub(super) fn miner(
    neuron: Neuron,
    positions: &BTreeMap<PositionKey, Rao>,
    holder: Option<&ScoredHolder>,
    incomplete: bool,
) -> MinerReport {
    let stake = positions.get(&neuron.position()).copied().unwrap_or_default();
    let (opening_stake, earned_stake) =
        holder.map_or((stake, Rao::ZERO), |ScoredHolder { holding, .. }| {
            (
                share(stake, holding.opening, holding.stake().0.into()),
                share(
                    stake,
                    holding.rewards_kept.saturating_add(holding.other_kept),
                    holding.stake().0.into(),
                ),
            )
        });
    let manual_stake = Rao(stake.0.saturating_sub(opening_stake.0).saturating_sub(earned_stake.0));
    let judged = JudgedMiner::new(holder, incomplete, true);
    MinerReport {
        stake,
        opening_stake,
        earned_stake,
        manual_stake,
        holding: judged.holding,
        ..MinerReport::new(neuron, judged.multiplier, judged.reason)
    }
}

/// The part of a position that came as `part` of the holder's `whole`. Tranches belong to the holder, not to
/// a hotkey, so each position has the holder's mix.
pub(super) fn share(stake: Rao, part: u128, whole: u128) -> Rao {
    let share = u128::from(stake.0).saturating_mul(part).checked_div(whole).unwrap_or(0);
    Rao(u64::try_from(share).unwrap_or(stake.0).min(stake.0))
}
