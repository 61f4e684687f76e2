//! Holding: how much of what was earned in the window is still there, and for how long.

use std::collections::BTreeMap;

use crate::window::Window;
use crate::{BlockNumber, Coldkey, Origin, Ppb, Rao, Successions, TrancheHistory};

/// What one holder earned, kept and held in a window. Sums in rao; ages in rao × milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Holding {
    /// The block at whose end the history starts.
    pub start: BlockNumber,
    /// O: what is left of the balance at the window's start; 0 for a later start.
    pub opening: u128,
    /// Σ initial of the reward tranches entered in the window.
    pub rewards: u128,
    /// Σ remaining of them.
    pub rewards_kept: u128,
    /// Σ remaining · age of them, in rao · ms.
    pub rewards_age: u128,
    /// Σ remaining of dividends and the like entered in the window.
    pub other_kept: u128,
    /// Σ remaining of everything else entered after the start, and the balance of a later start.
    pub manual_kept: u128,
    /// W in milliseconds.
    pub window_ms: u64,
}

impl Holding {
    /// Σ remaining of all tranches: the holder's stake on the subnet.
    #[must_use]
    pub fn stake(&self) -> Rao {
        let all = self.opening.saturating_add(self.rewards_kept).saturating_add(self.other_kept).saturating_add(self.manual_kept);
        Rao(u64::try_from(all).unwrap_or(u64::MAX))
    }

    /// h = Σ remaining / Σ initial; `None` when nothing was earned.
    #[must_use]
    pub fn percentage(&self) -> Option<Ppb> {
        Ppb::ratio(self.rewards_kept, self.rewards)
    }

    /// O·W + Σ remaining·age, in rao · ms.
    #[must_use]
    pub fn held_time(&self) -> Option<u128> {
        self.opening.checked_mul(u128::from(self.window_ms))?.checked_add(self.rewards_age)
    }

    /// d = (O·W + Σ remaining·age) / (O + Σ initial), in ms; `None` when there was nothing to hold.
    #[must_use]
    pub fn duration_ms(&self) -> Option<u64> {
        let days = self.held_time()?.checked_div(self.opening.checked_add(self.rewards)?)?;
        u64::try_from(days).ok()
    }
}

/// The holdings of a window, by holder. `tranches` are those of the subnet entered up to `as_of`,
/// with their exits up to `as_of`.
#[must_use]
pub fn holdings(
    window: &Window,
    holders: &BTreeMap<Coldkey, BlockNumber>,
    successions: &Successions,
    tranches: &[TrancheHistory],
) -> BTreeMap<Coldkey, Holding> {
    let mut found: BTreeMap<Coldkey, Holding> = holders
        .iter()
        .map(|(coldkey, start)| (*coldkey, Holding { start: *start, window_ms: window.length.0, ..Holding::default() }))
        .collect();
    for history in tranches {
        let tranche = &history.tranche;
        let holder = successions.holder_of(tranche.coldkey, &tranche.id, window.as_of.block.number);
        let Some(holding) = found.get_mut(&holder) else { continue };
        if successions.replaced(holder, &tranche.id, tranche.coldkey, window.as_of.block.number) {
            continue;
        }
        let remaining = u128::from(history.remaining().0);
        if tranche.id.block <= holding.start {
            // Of everything entered before, whatever its origin.
            let before = if holding.start == window.start { &mut holding.opening } else { &mut holding.manual_kept };
            *before = before.saturating_add(remaining);
            continue;
        }
        match tranche.origin {
            Origin::Reward => {
                let age = u128::from(window.as_of.time.0.saturating_sub(tranche.time.0));
                holding.rewards = holding.rewards.saturating_add(u128::from(tranche.initial.0));
                holding.rewards_kept = holding.rewards_kept.saturating_add(remaining);
                holding.rewards_age = holding.rewards_age.saturating_add(remaining.saturating_mul(age));
            }
            Origin::Other => holding.other_kept = holding.other_kept.saturating_add(remaining),
            Origin::Manual | Origin::Opening => holding.manual_kept = holding.manual_kept.saturating_add(remaining),
        }
    }
    found
}
