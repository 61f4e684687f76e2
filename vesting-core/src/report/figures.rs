//! Figures of positions and holders: what was earned where, and what became of it.
//!
//! Tranches belong to the holder and the hotkey is a label on them: a position's rewards are those
//! earned on its hotkey, and kept is what the holder still has of these, wherever it lies by now.

use std::collections::BTreeMap;

use crate::ledger::{Origin, TrancheHistory, UnattributedRule};
use crate::report::Reason;
use crate::score::holding::Holding;
use crate::score::multiplier::Multiplier;
use crate::units::{BlockNumber, Coldkey, Hotkey, Neuron, PositionKey, Rao, Uid};

/// What came and went on one position in a window, in rao. Over a holder's positions they add up to its
/// [`Holding`].
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
    /// What left it, from rewards or anything else.
    pub sold: u128,
}

/// The figures of every position with any, by the coldkey its holder has now. `holders` says where their
/// histories start, `tranches` are theirs under that coldkey, played by the same rule.
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
    /// Where it lies.
    pub hotkey: Hotkey,
    /// The uid of the hotkey, where the holder owns it as a neuron.
    pub uid: Option<Uid>,
    /// Its stake.
    pub stake: Rao,
    /// What came and went in the window.
    pub figures: PositionFigures,
}

/// A holder with all its positions as of an epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HolderReport {
    /// Its coldkey.
    pub coldkey: Coldkey,
    /// Its holding; `None` for a coldkey that is no holder of the window.
    pub holding: Option<Holding>,
    /// Its multiplier.
    pub multiplier: Multiplier,
    /// Why.
    pub reason: Reason,
    /// The part of its stake that cannot be moved; `None` where that is not known.
    pub locked: Option<Rao>,
    /// Its positions and neurons, those emptied in the window too, by hotkey.
    pub positions: Vec<PositionReport>,
}

/// The positions of a holder: those it has stake on, those something came to or left in the window, and its
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
