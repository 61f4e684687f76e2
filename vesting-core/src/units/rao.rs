//! Amounts: integers in rao, one billionth of a TAO or of a subnet's alpha.

use std::fmt;

/// An amount of alpha in rao (10⁻⁹ alpha), as the chain holds it (`u64`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rao(pub u64);

impl Rao {
    /// No alpha.
    pub const ZERO: Self = Self(0);

    /// The amount as a signed change.
    #[must_use]
    pub const fn delta(self) -> RaoDelta {
        RaoDelta(self.0 as i128)
    }
}

impl fmt::Display for Rao {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A signed amount of alpha in rao: a change, or a sum of changes.
///
/// With 128 bits, a sum of as many 64-bit amounts as a database can hold never overflows.
///
/// ```
/// use vesting_core::{Rao, RaoDelta};
///
/// let bought = Rao(1_500_000_000).delta();
/// let sold = -Rao(500_000_000).delta();
/// assert_eq!((bought + sold).amount(), Some(Rao(1_000_000_000)));
/// // A negative change is no amount.
/// assert_eq!(sold.amount(), None);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RaoDelta(pub i128);

impl RaoDelta {
    /// No change.
    pub const ZERO: Self = Self(0);

    /// Whether there is no change.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The size of the change.
    #[must_use]
    pub const fn magnitude(self) -> u128 {
        self.0.unsigned_abs()
    }

    /// The change as an amount, if it is one the chain could hold.
    #[must_use]
    pub fn amount(self) -> Option<Rao> {
        u64::try_from(self.0).ok().map(Rao)
    }
}

impl fmt::Display for RaoDelta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::ops::Add for RaoDelta {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::ops::AddAssign for RaoDelta {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::ops::Sub for RaoDelta {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl std::ops::Neg for RaoDelta {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl std::iter::Sum for RaoDelta {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, |a, b| a + b)
    }
}

impl From<Rao> for RaoDelta {
    fn from(amount: Rao) -> Self {
        amount.delta()
    }
}
