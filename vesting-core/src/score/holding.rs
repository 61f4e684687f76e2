//! Holding: how much of the rewards of a window the holder still has, and for how long.

use crate::units::{BlockNumber, Fraction, Ppb, Rao};

/// What one holder earned, kept and held in a window. Sums in rao; ages in rao × milliseconds.
///
/// ```
/// use vesting_core::Rao;
/// use vesting_core::holding::Holding;
///
/// let holding = Holding { rewards: 1_000, rewards_kept: 750, manual_kept: 50, ..Holding::default() };
/// assert_eq!(holding.percentage().map(|kept| kept.to_string()).as_deref(), Some("0.750000000"));
/// assert_eq!(holding.stake(), Rao(800));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Holding {
    /// The block at whose end the history starts.
    pub start: BlockNumber,
    /// O: what remains of the balance at the window's start; 0 for a later start.
    pub opening: u128,
    /// How many times Σ initial of O counts in d at most, where the policy has a limit.
    pub opening_cap: Option<Ppb>,
    /// Σ initial of the reward tranches entered in the window.
    pub rewards: u128,
    /// Σ of what remains of these tranches.
    pub rewards_kept: u128,
    /// Σ remaining · age of the reward tranches, in rao · ms.
    pub rewards_age: u128,
    /// Σ initial of dividends and the like entered in the window.
    pub other: u128,
    /// Σ of what remains of these tranches.
    pub other_kept: u128,
    /// Σ remaining of everything else entered after the start, including the balance of a later start.
    pub manual_kept: u128,
    /// Σ of what was sold since the start, from rewards or anything else.
    pub sold: u128,
    /// W in milliseconds.
    pub window_ms: u64,
    /// d in milliseconds, where the rule is
    /// [`DurationRule::SinceLastSale`](crate::score::policy::DurationRule::SinceLastSale).
    pub since_last_sale_ms: Option<u64>,
}

impl Holding {
    /// Σ remaining of all tranches: the holder's stake on the subnet.
    #[must_use]
    pub fn stake(&self) -> Rao {
        let all = self
            .opening
            .saturating_add(self.rewards_kept)
            .saturating_add(self.other_kept)
            .saturating_add(self.manual_kept);
        Rao(u64::try_from(all).unwrap_or(u64::MAX))
    }

    /// h = Σ remaining / Σ initial, exact; `None` when nothing was earned.
    #[must_use]
    pub fn kept(&self) -> Option<Fraction> {
        Fraction::new(self.rewards_kept, self.rewards)
    }

    /// h, floored.
    #[must_use]
    pub fn percentage(&self) -> Option<Ppb> {
        self.kept()?.part_of(1, 1)
    }

    /// What counts of O in d: all of it, or at most ⌊cap · Σ initial⌋.
    #[must_use]
    pub fn opening_counted(&self) -> u128 {
        let Some(cap) = self.opening_cap else { return self.opening };
        // Beyond what a chain can hold, the cap is none.
        let most = self.rewards.checked_mul(u128::from(cap.0)).map(|most| most / u128::from(Ppb::ONE.0));
        most.map_or(self.opening, |most| self.opening.min(most))
    }

    /// d in milliseconds, exact, by the rule of the policy: (O·W + Σ remaining·age) / (O + Σ initial), with
    /// what counts of O, or the time since the last sale. `None` when there was nothing to hold.
    #[must_use]
    pub fn duration(&self) -> Option<Fraction> {
        let opening = self.opening_counted();
        let average = Fraction::new(
            opening.checked_mul(u128::from(self.window_ms))?.checked_add(self.rewards_age)?,
            opening.checked_add(self.rewards)?,
        )?;
        Some(
            self.since_last_sale_ms
                .map_or(average, |ms| Fraction { numerator: u128::from(ms), denominator: 1 }),
        )
    }

    /// d in milliseconds, floored.
    #[must_use]
    pub fn duration_ms(&self) -> Option<u64> {
        self.duration()?.floor()
    }
}
