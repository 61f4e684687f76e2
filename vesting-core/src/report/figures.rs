//! Figures of positions and holders: what was earned where, and how much of it is kept.
//!
//! Tranches belong to the holder, and the hotkey is a label on them. A position's rewards are those earned on
//! its hotkey. Its kept rewards are what the holder still has of those, on whichever hotkey they lie now.

use std::collections::BTreeMap;

use crate::ledger::{Origin, TrancheHistory, UnattributedRule};
use crate::report::Reason;
use crate::score::holding::Holding;
use crate::score::multiplier::Multiplier;
use crate::units::{BlockNumber, Coldkey, Hotkey, Neuron, PositionKey, Rao, Uid};

/// The credits and debits of one position in a window, in rao. Summed over a holder's positions, they are the
/// figures of its [`Holding`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PositionFigures {
    /// The rewards earned on it.
    pub rewards: u128,
    /// What its holder still has of them.
    pub rewards_kept: u128,
    /// The dividends and the like earned on it.
    pub other: u128,
    /// What its holder still has of them.
    pub other_kept: u128,
    /// What was sold from it, rewards or anything else.
    pub sold: u128,
}

/// The figures of every position that has any, by the coldkey that its holder has now. `holders` gives the
/// block at which each holder's history starts. `tranches` are the holders' tranches by the same `rule`.
#[must_use]
pub fn position_figures(
    holders: &BTreeMap<Coldkey, BlockNumber>,
    tranches: &[TrancheHistory],
    rule: UnattributedRule,
) -> BTreeMap<PositionKey, PositionFigures> {
    let mut found: BTreeMap<PositionKey, PositionFigures> = BTreeMap::new();
    for history in tranches {
        let TrancheHistory { tranche, exits } = history;
        let coldkey = tranche.coldkey;
        let Some(start) = holders.get(&coldkey) else { continue };
        for exit in exits.iter().filter(|exit| exit.by.block > *start && rule.is_sale(exit.by.kind.flow())) {
            let left = found.entry(PositionKey { hotkey: exit.by.hotkey, coldkey }).or_default();
            left.sold = left.sold.saturating_add(u128::from(exit.amount.0));
        }
        if tranche.id.block <= *start {
            continue;
        }
        let (initial, remaining) = (u128::from(tranche.initial.0), u128::from(history.remaining().0));
        let key = PositionKey { hotkey: tranche.id.hotkey, coldkey };
        match tranche.origin {
            Origin::Reward => {
                let figures = found.entry(key).or_default();
                figures.rewards = figures.rewards.saturating_add(initial);
                figures.rewards_kept = figures.rewards_kept.saturating_add(remaining);
            }
            Origin::Other => {
                let figures = found.entry(key).or_default();
                figures.other = figures.other.saturating_add(initial);
                figures.other_kept = figures.other_kept.saturating_add(remaining);
            }
            Origin::Manual | Origin::Opening => {}
        }
    }
    found
}

/// One position of a holder as of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PositionReport {
    /// The hotkey it is on.
    pub hotkey: Hotkey,
    /// The uid of that hotkey, if the hotkey is a neuron of this holder.
    pub uid: Option<Uid>,
    /// Its stake.
    pub stake: Rao,
    /// Its credits and debits in the window.
    pub figures: PositionFigures,
}

/// A holder with all its positions as of an epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HolderReport {
    /// Its coldkey.
    pub coldkey: Coldkey,
    /// Its holding; `None` if it is no holder of the window.
    pub holding: Option<Holding>,
    /// Its multiplier.
    pub multiplier: Multiplier,
    /// Why.
    pub reason: Reason,
    /// The part of its stake that locks or collateral hold; `None` where the record does not say.
    pub locked: Option<Rao>,
    /// Its positions and neurons by hotkey, with those that were emptied in the window.
    pub positions: Vec<PositionReport>,
}

/// The positions of a holder: those with stake, those with a credit or debit in the window, and those of its
/// neurons.
pub(crate) fn positions_of(
    coldkey: Coldkey,
    neurons: &BTreeMap<Uid, Neuron>,
    stakes: &BTreeMap<PositionKey, Rao>,
    figures: &BTreeMap<PositionKey, PositionFigures>,
) -> Vec<PositionReport> {
    let mut found: BTreeMap<Hotkey, PositionReport> = BTreeMap::new();
    let blank =
        |hotkey| PositionReport { hotkey, uid: None, stake: Rao::ZERO, figures: PositionFigures::default() };
    for neuron in neurons.values().filter(|neuron| neuron.coldkey == coldkey) {
        found.entry(neuron.hotkey).or_insert_with(|| blank(neuron.hotkey)).uid = Some(neuron.uid);
    }
    for (key, stake) in stakes.iter().filter(|(key, _)| key.coldkey == coldkey) {
        found.entry(key.hotkey).or_insert_with(|| blank(key.hotkey)).stake = *stake;
    }
    for (key, figures) in figures.iter().filter(|(key, _)| key.coldkey == coldkey) {
        found.entry(key.hotkey).or_insert_with(|| blank(key.hotkey)).figures = *figures;
    }
    found.into_values().collect()
}
