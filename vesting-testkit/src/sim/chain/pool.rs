//! A hotkey's share pool on one subnet. It rounds as the real one does.

use std::collections::BTreeMap;

use primitive_types::U256;
use vesting_core::share_pool::{SafeFloat, Shares, alpha_by_floats, alpha_capped};
use vesting_core::{Coldkey, Rao};

use crate::sim::runtime::rules::ShareRules;

/// A position's shares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) shares: SafeFloat,
    /// The epoch of the pool in which the shares were written.
    pub(crate) epoch: u64,
}

/// The alpha of a hotkey, and the shares of it that coldkeys have.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pool {
    pub(crate) total: u64,
    pub(crate) total_shares: SafeFloat,
    /// How often the pool was opened or closed, since a runtime counts that.
    pub(crate) epoch: u64,
    /// The rows by coldkey. Rows of an earlier epoch stay in it.
    pub(crate) rows: BTreeMap<Coldkey, Row>,
}

impl Pool {
    /// The alpha of one coldkey.
    pub(crate) fn alpha(&self, coldkey: &Coldkey, rules: ShareRules) -> u64 {
        self.worth(self.shares(coldkey), rules)
    }

    /// The coldkeys that have alpha, and how much.
    pub(crate) fn holders(&self, rules: ShareRules) -> impl Iterator<Item = (Coldkey, u64)> {
        self.rows
            .keys()
            .map(move |coldkey| (*coldkey, self.alpha(coldkey, rules)))
            .filter(|(_, alpha)| *alpha > 0)
    }

    fn worth(&self, shares: SafeFloat, rules: ShareRules) -> u64 {
        let formula = if rules == ShareRules::Epochs { alpha_capped } else { alpha_by_floats };
        formula(Rao(self.total), Shares::Float(shares), Shares::Float(self.total_shares)).0
    }

    /// The shares of one coldkey in the pool's present epoch.
    fn shares(&self, coldkey: &Coldkey) -> SafeFloat {
        let row = self.rows.get(coldkey).filter(|row| self.epoch == 0 || row.epoch == self.epoch);
        row.map(|row| row.shares).unwrap_or_default()
    }

    /// Credits alpha as new shares at the pool's price.
    pub(crate) fn credit(&mut self, coldkey: Coldkey, alpha: u64, rules: ShareRules) {
        if alpha == 0 {
            return;
        }
        let shares = self.shares(&coldkey);
        match rules {
            ShareRules::Plain => {
                let new = self.shares_of(alpha);
                self.total_shares = self.total_shares.plus(new);
                self.set_shares(coldkey, shares.plus(new));
            }
            ShareRules::Epochs => {
                if self.total == 0 {
                    self.set_total_shares(SafeFloat::default());
                }
                let sum = self.total_shares;
                if sum.mantissa == 0 {
                    let new = SafeFloat::whole(u128::from(alpha));
                    self.set_total_shares(new);
                    self.set_shares(coldkey, new);
                } else {
                    self.set_total_shares(sum.plus(scaled(alpha, sum, self.total)));
                    self.set_shares(coldkey, shares.plus(exactly(self.total_shares, sum)));
                }
            }
        }
        self.total = self.total.saturating_add(alpha);
    }

    /// Credits alpha without new shares to a coldkey that has the whole pool. Returns whether it has.
    pub(crate) fn credit_sole(&mut self, coldkey: Coldkey, alpha: u64) -> bool {
        let sole =
            self.total > 0 && self.total_shares.mantissa > 0 && self.shares(&coldkey) == self.total_shares;
        if sole {
            self.total = self.total.saturating_add(alpha);
        }
        sole
    }

    /// Debits alpha, at most what the coldkey has. Returns what was taken.
    pub(crate) fn debit(&mut self, coldkey: Coldkey, alpha: u64, rules: ShareRules) -> u64 {
        let held = self.alpha(&coldkey, rules);
        let taken = alpha.min(held);
        if !self.rows.contains_key(&coldkey) || (taken == 0 && rules == ShareRules::Epochs) {
            return 0;
        }
        let shares = self.shares(&coldkey);
        let left = self.total.saturating_sub(taken);
        match rules {
            ShareRules::Plain => {
                let gone = if taken == held { shares } else { self.shares_of(taken) };
                self.set_shares(coldkey, shares.minus(gone));
                let empty = self.rows.is_empty() && left == 0;
                self.total_shares = if empty { SafeFloat::default() } else { self.total_shares.minus(gone) };
                self.total = left;
            }
            ShareRules::Epochs => {
                let sum = self.total_shares;
                let (mut rest, mut kept) = (sum.minus(scaled(taken, sum, self.total)), SafeFloat::default());
                let lost = exactly(sum, rest);
                if exceeds(lost, shares) {
                    rest = sum.minus(shares);
                } else {
                    kept = shares.minus(lost);
                }
                self.total = left;
                if left == 0 {
                    (rest, kept) = (SafeFloat::default(), SafeFloat::default());
                } else if kept.mantissa > 0 {
                    let worth = alpha_capped(Rao(left), Shares::Float(kept), Shares::Float(rest));
                    if taken == held || worth == Rao::ZERO {
                        (rest, kept) = (rest.minus(kept), SafeFloat::default());
                    }
                }
                self.set_total_shares(rest);
                self.set_shares(coldkey, kept);
            }
        }
        if self.total_shares.mantissa == 0 {
            // Rounding leaves a few rao in a pool without shares. On the real chain the next staker gets
            // them, and no event says so. Here they are lost.
            self.total = 0;
        }
        taken
    }

    /// Pays dividends, so that every share is worth more. Returns whether anybody has shares.
    pub(crate) fn pay(&mut self, alpha: u64, rules: ShareRules) -> bool {
        let anybody = match rules {
            ShareRules::Plain => !self.rows.is_empty(),
            ShareRules::Epochs => self.total > 0 && self.total_shares.mantissa > 0,
        };
        if anybody {
            self.total = self.total.saturating_add(alpha);
        }
        anybody
    }

    /// Sets the sum of shares to what the rows of the present epoch have. Returns whether it was another.
    pub(crate) fn reconcile(&mut self) -> bool {
        let sum =
            self.rows.keys().map(|coldkey| self.shares(coldkey)).fold(SafeFloat::default(), SafeFloat::plus);
        let off = sum.mantissa > 0 && sum != self.total_shares;
        if off {
            self.set_total_shares(sum);
        }
        off
    }

    /// Makes the pool count a quarter more shares than there are.
    pub(crate) fn miscount(&mut self) {
        self.total_shares = self.total_shares.times(SafeFloat::whole(5)).over(SafeFloat::whole(4));
    }

    /// Adds shares to a pool without alpha, so that they are worth nothing.
    pub(crate) fn add_worthless_shares(&mut self, coldkey: Coldkey) {
        let shares = SafeFloat::whole(40_000_000_000);
        self.rows.insert(coldkey, Row { shares, epoch: self.epoch });
        self.total_shares = self.total_shares.plus(shares);
    }

    fn set_shares(&mut self, coldkey: Coldkey, shares: SafeFloat) {
        if shares.mantissa == 0 {
            self.rows.remove(&coldkey);
        } else {
            self.rows.insert(coldkey, Row { shares, epoch: self.epoch });
        }
    }

    /// Sets the sum of shares. A pool that opens or closes begins another epoch.
    fn set_total_shares(&mut self, shares: SafeFloat) {
        if (self.total_shares.mantissa == 0) != (shares.mantissa == 0) {
            self.epoch = self.epoch.saturating_add(1);
        }
        self.total_shares = shares;
    }

    fn shares_of(&self, alpha: u64) -> SafeFloat {
        let whole = SafeFloat::whole(u128::from(alpha));
        if self.total == 0 || self.total_shares.mantissa == 0 {
            return whole;
        }
        whole.times(self.total_shares).over(SafeFloat::whole(u128::from(self.total)))
    }
}

/// `shares · alpha / total`, rounded once.
fn scaled(alpha: u64, shares: SafeFloat, total: u64) -> SafeFloat {
    let (alpha, total) = (SafeFloat::whole(u128::from(alpha)), SafeFloat::whole(u128::from(total)));
    if total.mantissa == 0 {
        return SafeFloat::default();
    }
    let mantissa = U256::from(alpha.mantissa) * U256::from(shares.mantissa) / U256::from(total.mantissa);
    norm(mantissa, alpha.exponent + shares.exponent - total.exponent)
}

/// The mantissas of two floats at the smaller of their exponents, and that exponent.
fn aligned(a: SafeFloat, b: SafeFloat) -> (U256, U256, i64) {
    let exponent = match (a.mantissa, b.mantissa) {
        (0, _) => b.exponent,
        (_, 0) => a.exponent,
        _ => a.exponent.min(b.exponent),
    };
    let of = |float: SafeFloat| {
        // Floats of one pool are less than 35 digits apart, so that the limit changes nothing.
        let digits = u32::try_from(float.exponent - exponent).unwrap_or(0).min(35);
        if float.mantissa == 0 {
            U256::zero()
        } else {
            U256::from(float.mantissa) * U256::from(10).pow(U256::from(digits))
        }
    };
    (of(a), of(b), exponent)
}

/// The exact difference.
fn exactly(larger: SafeFloat, smaller: SafeFloat) -> SafeFloat {
    let (larger, smaller, exponent) = aligned(larger, smaller);
    norm(larger.saturating_sub(smaller), exponent)
}

fn exceeds(a: SafeFloat, b: SafeFloat) -> bool {
    let (a, b, _) = aligned(a, b);
    a > b
}

/// Brings a mantissa to more than 20 digits and at most 10²¹, rounding toward 0.
fn norm(mut mantissa: U256, mut exponent: i64) -> SafeFloat {
    let (low, high) = (U256::from(10).pow(U256::from(20)), U256::from(10).pow(U256::from(21)));
    if mantissa.is_zero() {
        return SafeFloat::default();
    }
    while mantissa > high {
        mantissa /= 10;
        exponent += 1;
    }
    while mantissa <= low {
        mantissa *= 10;
        exponent -= 1;
    }
    SafeFloat { mantissa: mantissa.low_u128(), exponent }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Rng;

    const A: Coldkey = Coldkey([1; 32]);
    const B: Coldkey = Coldkey([2; 32]);
    const C: Coldkey = Coldkey([3; 32]);

    #[test]
    fn credits_and_debits_are_exact_but_for_a_rao() {
        for rules in [ShareRules::Plain, ShareRules::Epochs] {
            let mut pool = Pool::default();
            pool.credit(A, 1_000_000_007, rules);
            pool.credit(B, 333_333_333, rules);
            assert_eq!((pool.alpha(&A, rules), pool.alpha(&B, rules)), (1_000_000_007, 333_333_333));
            pool.pay(77_777_777, rules);
            let before = (pool.alpha(&A, rules), pool.alpha(&B, rules));
            pool.credit(A, 5_000_000, rules);
            assert!(pool.alpha(&A, rules).abs_diff(before.0 + 5_000_000) <= 1);
            assert!(pool.alpha(&B, rules).abs_diff(before.1) <= 1);
            let all = pool.alpha(&A, rules);
            assert_eq!((pool.debit(A, u64::MAX, rules), pool.alpha(&A, rules)), (all, 0));
            assert!(pool.debit(B, u64::MAX, rules).abs_diff(before.1) <= 1 && pool.rows.is_empty());
        }
    }

    #[test]
    fn shares_of_a_closed_pool_are_worth_nothing_when_it_opens_again() {
        let rules = ShareRules::Epochs;
        let mut pool = Pool::default();
        pool.credit(A, 1_000, rules);
        assert_eq!(pool.epoch, 1);
        // The rows have more shares than the pool counts: two coldkeys claim all of it.
        pool.rows.insert(B, pool.rows[&A]);
        assert_eq!((pool.alpha(&A, rules), pool.alpha(&B, rules)), (1_000, 1_000));
        pool.rows.get_mut(&B).unwrap().shares = SafeFloat::whole(7_000);
        assert_eq!(pool.alpha(&B, rules), 1_000, "nobody has more than the pool");
        assert_eq!(pool.alpha(&B, ShareRules::Plain), 7_000);
        assert_eq!(pool.debit(A, u64::MAX, rules), 1_000);
        assert_eq!(
            (pool.epoch, pool.alpha(&B, rules), pool.rows.len()),
            (2, 0, 1),
            "the other row stays behind"
        );
        pool.credit(C, 500, rules);
        assert_eq!((pool.epoch, pool.alpha(&B, rules), pool.alpha(&C, rules)), (3, 0, 500));
        pool.credit(B, 20, rules);
        assert_eq!((pool.alpha(&B, rules), pool.alpha(&C, rules)), (20, 500), "old shares are not added to");
    }

    #[test]
    fn a_pool_without_alpha_is_closed_before_it_is_credited() {
        let rules = ShareRules::Epochs;
        let mut pool = Pool { total_shares: SafeFloat::whole(9_000), ..Pool::default() };
        pool.rows.insert(A, Row { shares: SafeFloat::whole(9_000), epoch: 0 });
        assert_eq!(pool.alpha(&A, rules), 0);
        pool.credit(B, 77, rules);
        assert_eq!((pool.epoch, pool.alpha(&A, rules), pool.alpha(&B, rules)), (2, 0, 77));
    }

    #[test]
    fn whoever_has_the_whole_pool_is_credited_without_shares() {
        let rules = ShareRules::Epochs;
        let mut pool = Pool::default();
        assert!(!pool.credit_sole(A, 5));
        pool.credit(A, 1_000, rules);
        let row = pool.rows[&A];
        assert!(pool.credit_sole(A, 5) && !pool.credit_sole(B, 5));
        assert_eq!((pool.alpha(&A, rules), pool.rows[&A]), (1_005, row));
    }

    #[test]
    fn the_sum_of_shares_follows_the_rows() {
        let (rules, mut rng, mut pool) = (ShareRules::Epochs, Rng::new(1), Pool::default());
        for _ in 0..2_000 {
            let who = *rng.pick(&[A, B, C]).unwrap();
            let (before, alpha) = (pool.alpha(&who, rules), rng.below(10_000_000_000));
            match rng.below(8) {
                0..=2 => {
                    pool.credit(who, alpha, rules);
                    assert!(pool.alpha(&who, rules).abs_diff(before + alpha) <= 1);
                }
                3..=5 => {
                    let taken = pool.debit(who, alpha, rules);
                    assert!(pool.alpha(&who, rules).abs_diff(before - taken) <= 1);
                }
                6 => assert_eq!((pool.debit(who, u64::MAX, rules), pool.alpha(&who, rules)), (before, 0)),
                _ => drop(pool.pay(alpha, rules)),
            }
            let sum =
                pool.rows.keys().map(|who| pool.shares(who)).fold(SafeFloat::default(), SafeFloat::plus);
            let off = exactly(sum, pool.total_shares);
            assert!(
                off.mantissa == 0 || off.exponent < pool.total_shares.exponent,
                "{sum:?} {:?}",
                pool.total_shares
            );
        }
    }

    #[test]
    fn a_pool_is_reconciled_with_its_rows() {
        let mut pool = Pool::default();
        pool.credit(A, 600, ShareRules::Plain);
        pool.credit(B, 400, ShareRules::Plain);
        assert!(!pool.reconcile());
        pool.total_shares = SafeFloat::whole(1_250);
        assert_eq!(pool.alpha(&A, ShareRules::Plain), 480);
        assert!(pool.reconcile());
        assert_eq!(
            (pool.alpha(&A, ShareRules::Epochs), pool.alpha(&B, ShareRules::Epochs), pool.epoch),
            (600, 400, 0)
        );
    }
}
