//! A hotkey's share pool on one subnet, with the roundings of the real one.

use std::collections::BTreeMap;

use vesting_core::share_pool::{SafeFloat, Shares, alpha_by_floats};
use vesting_core::{Coldkey, Rao};

/// Who has which share of a hotkey's alpha.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pool {
    pub(crate) total: u64,
    pub(crate) total_shares: SafeFloat,
    pub(crate) shares: BTreeMap<Coldkey, SafeFloat>,
}

impl Pool {
    /// The alpha of one coldkey.
    pub(crate) fn alpha(&self, coldkey: &Coldkey) -> u64 {
        let shares = self.shares.get(coldkey).copied().unwrap_or_default();
        alpha_by_floats(Rao(self.total), Shares::Float(shares), Shares::Float(self.total_shares)).0
    }

    /// Credits alpha: new shares at the pool's price.
    pub(crate) fn credit(&mut self, coldkey: Coldkey, alpha: u64) {
        if alpha == 0 {
            return;
        }
        let new = self.shares_of(alpha);
        let shares = self.shares.entry(coldkey).or_default();
        *shares = shares.plus(new);
        self.total_shares = self.total_shares.plus(new);
        self.total = self.total.saturating_add(alpha);
    }

    /// Debits alpha, at most what is there; gives what was taken.
    pub(crate) fn debit(&mut self, coldkey: Coldkey, alpha: u64) -> u64 {
        let held = self.alpha(&coldkey);
        let taken = alpha.min(held);
        let Some(shares) = self.shares.get(&coldkey).copied() else { return 0 };
        let gone = if taken == held { shares } else { self.shares_of(taken) };
        let left = shares.minus(gone);
        if left.mantissa == 0 {
            self.shares.remove(&coldkey);
        } else {
            self.shares.insert(coldkey, left);
        }
        self.total_shares = if self.shares.is_empty() { SafeFloat::default() } else { self.total_shares.minus(gone) };
        self.total = self.total.saturating_sub(taken);
        taken
    }

    /// Pays dividends: every share is worth more.
    pub(crate) fn pay(&mut self, alpha: u64) {
        if !self.shares.is_empty() {
            self.total = self.total.saturating_add(alpha);
        }
    }

    fn shares_of(&self, alpha: u64) -> SafeFloat {
        let whole = SafeFloat::whole(u128::from(alpha));
        if self.total == 0 || self.total_shares.mantissa == 0 {
            return whole;
        }
        whole.times(self.total_shares).over(SafeFloat::whole(u128::from(self.total)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_and_debits_are_exact_but_for_a_rao() {
        let (a, b) = (Coldkey([1; 32]), Coldkey([2; 32]));
        let mut pool = Pool::default();
        pool.credit(a, 1_000_000_007);
        pool.credit(b, 333_333_333);
        assert_eq!((pool.alpha(&a), pool.alpha(&b)), (1_000_000_007, 333_333_333));
        pool.pay(77_777_777);
        let before = (pool.alpha(&a), pool.alpha(&b));
        pool.credit(a, 5_000_000);
        assert!(pool.alpha(&a).abs_diff(before.0 + 5_000_000) <= 1);
        assert!(pool.alpha(&b).abs_diff(before.1) <= 1);
        let all = pool.alpha(&a);
        assert_eq!((pool.debit(a, u64::MAX), pool.alpha(&a)), (all, 0));
        assert_eq!(pool.debit(b, u64::MAX).abs_diff(before.1) <= 1, pool.shares.is_empty());
    }
}
