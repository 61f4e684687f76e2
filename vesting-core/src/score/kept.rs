//! What one holder earned in a window and still has: its tranches, reduced to what the figures need.

use std::collections::BTreeMap;

use crate::ledger::{Origin, TrancheHistory, UnattributedRule};
use crate::score::holding::Holding;
use crate::score::policy::{DurationRule, Policy};
use crate::score::sales::{MissingTime, Sales};
use crate::units::{BlockNumber, Coldkey, Millis, Rao};
use crate::window::Window;

/// A reward of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reward {
    /// The time of its epoch.
    pub time: Millis,
    /// How much it was.
    pub initial: Rao,
    /// How much of it remains.
    pub remaining: Rao,
}

/// What one holder earned in a window and still has. Sums in rao.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// The block at whose end its history starts.
    pub start: BlockNumber,
    /// What remains of the balance at the window's start; 0 for a later start.
    pub opening: u128,
    /// Σ initial of dividends and the like.
    pub other: u128,
    /// Σ remaining of them.
    pub other_kept: u128,
    /// Σ remaining of everything else, including the balance of a later start.
    pub manual_kept: u128,
    /// The rewards, oldest first.
    pub rewards: Vec<Reward>,
    sales: Sales,
}

impl Kept {
    fn add(&mut self, window: &Window, history: &TrancheHistory, rule: UnattributedRule) {
        let tranche = &history.tranche;
        // Exits since the start, whichever coldkey the holder had then.
        history
            .exits
            .iter()
            .filter(|exit| exit.by.block > self.start)
            .for_each(|exit| self.sales.leaves(exit, rule));
        let remaining = history.remaining();
        let kept = u128::from(remaining.0);
        if tranche.id.block <= self.start {
            // Everything entered before the start is one balance, whatever its origin.
            let before = if self.start == window.start { &mut self.opening } else { &mut self.manual_kept };
            *before = before.saturating_add(kept);
            return;
        }
        match tranche.origin {
            Origin::Reward => {
                self.sales.earns(tranche.time);
                self.rewards.push(Reward { time: tranche.time, initial: tranche.initial, remaining });
            }
            Origin::Other => {
                self.other = self.other.saturating_add(u128::from(tranche.initial.0));
                self.other_kept = self.other_kept.saturating_add(kept);
            }
            Origin::Manual | Origin::Opening => self.manual_kept = self.manual_kept.saturating_add(kept),
        }
    }

    /// The holding, with d by the rule of a policy. `times` are those of the window's blocks with outflows. Only
    /// [`DurationRule::SinceLastSale`] needs them.
    ///
    /// # Errors
    /// When that rule needs the time of a block that is not among them.
    pub fn holding(
        &self,
        window: &Window,
        policy: &Policy,
        times: &BTreeMap<BlockNumber, Millis>,
    ) -> Result<Holding, MissingTime> {
        let (mut rewards, mut rewards_kept, mut rewards_age) = (0u128, 0u128, 0u128);
        for reward in &self.rewards {
            let age = window.as_of.time.0.saturating_sub(reward.time.0);
            rewards = rewards.saturating_add(reward.initial.0.into());
            rewards_kept = rewards_kept.saturating_add(reward.remaining.0.into());
            rewards_age =
                rewards_age.saturating_add(u128::from(reward.remaining.0).saturating_mul(age.into()));
        }
        let mut holding = Holding {
            start: self.start,
            opening: self.opening,
            opening_cap: policy.opening_cap,
            rewards,
            rewards_kept,
            rewards_age,
            other: self.other,
            other_kept: self.other_kept,
            manual_kept: self.manual_kept,
            sold: self.sales.total(),
            window_ms: window.length.0,
            since_last_sale_ms: None,
        };
        if policy.duration_rule == DurationRule::SinceLastSale {
            holding.since_last_sale_ms = Some(self.sales.duration_ms(&holding, window, times)?);
        }
        Ok(holding)
    }
}

/// What the holders of a window earned and still have. `tranches` are those of the window's ledger by the
/// same rule, each under the coldkey that its holder has at the window's end.
#[must_use]
pub fn kept(
    window: &Window,
    holders: &BTreeMap<Coldkey, BlockNumber>,
    tranches: &[TrancheHistory],
    rule: UnattributedRule,
) -> BTreeMap<Coldkey, Kept> {
    let mut found: BTreeMap<Coldkey, Kept> = holders
        .iter()
        .map(|(coldkey, start)| (*coldkey, Kept { start: *start, ..Kept::default() }))
        .collect();
    // The tranches of one holder are next to each other.
    for own in tranches.chunk_by(|one, other| one.tranche.coldkey == other.tranche.coldkey) {
        if let Some(kept) = own.first().and_then(|first| found.get_mut(&first.tranche.coldkey)) {
            own.iter().for_each(|history| kept.add(window, history, rule));
        }
    }
    found
}

/// The holdings of a window, by holder, under a policy. `tranches` are those of the window's ledger by the
/// policy's rule, each under the coldkey that its holder has at the window's end. `times` are those of the
/// window's blocks with outflows. Only [`DurationRule::SinceLastSale`] needs them.
///
/// # Errors
/// When that rule needs the time of a block that is not among them.
pub fn holdings(
    window: &Window,
    holders: &BTreeMap<Coldkey, BlockNumber>,
    tranches: &[TrancheHistory],
    policy: &Policy,
    times: &BTreeMap<BlockNumber, Millis>,
) -> Result<BTreeMap<Coldkey, Holding>, MissingTime> {
    let kept = kept(window, holders, tranches, policy.unattributed);
    kept.into_iter().map(|(coldkey, kept)| Ok((coldkey, kept.holding(window, policy, times)?))).collect()
}
