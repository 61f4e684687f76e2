//! Exact fractions, compared and floored without loss.

use primitive_types::U256;

use crate::units::Ppb;

/// An exact fraction. Thresholds are compared with it, never with a floored figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fraction {
    /// The numerator.
    pub numerator: u128,
    /// The denominator, never 0.
    pub denominator: u128,
}

impl Fraction {
    /// A fraction; `None` for a denominator of 0.
    #[must_use]
    pub const fn new(numerator: u128, denominator: u128) -> Option<Self> {
        if denominator == 0 { None } else { Some(Self { numerator, denominator }) }
    }

    /// Whether this fraction is at least `numerator` / `denominator`.
    #[must_use]
    pub fn is_at_least(self, numerator: u128, denominator: u128) -> bool {
        U256::from(self.numerator) * U256::from(denominator)
            >= U256::from(numerator) * U256::from(self.denominator)
    }

    /// The part that this fraction is of another one, at most 1: ⌊10⁹ · self / (`numerator` /
    /// `denominator`)⌋. `None` where the other one is 0, or for amounts beyond what a chain can hold.
    #[must_use]
    pub fn part_of(self, numerator: u128, denominator: u128) -> Option<Ppb> {
        let scale = U256::from(denominator) * U256::from(Ppb::ONE.0);
        let part = U256::from(self.numerator)
            .checked_mul(scale)?
            .checked_div(U256::from(self.denominator) * U256::from(numerator))?;
        Some(Ppb(part.min(U256::from(Ppb::ONE.0)).low_u64()))
    }

    /// The fraction rounded down to a whole number; `None` beyond 64 bits.
    #[must_use]
    pub fn floor(self) -> Option<u64> {
        u64::try_from(self.numerator.checked_div(self.denominator)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_met_exactly() {
        let third = Fraction { numerator: 333_333_333, denominator: 1_000_000_000 };
        assert!(!third.is_at_least(1, 3), "a floored third is less than a third");
        assert!(Fraction { numerator: 2, denominator: 6 }.is_at_least(1, 3));
        // Nothing of 128 bits is too large to compare.
        assert!(Fraction { numerator: u128::MAX, denominator: u128::MAX }.is_at_least(u128::MAX, u128::MAX));
    }

    #[test]
    fn parts_are_floored_once_and_at_most_one() {
        let half = Fraction { numerator: 1, denominator: 2 };
        assert_eq!(half.part_of(3, 2), Some(Ppb(333_333_333)));
        assert_eq!(half.part_of(1, 2), Some(Ppb::ONE));
        assert_eq!(half.part_of(1, 3), Some(Ppb::ONE));
        assert_eq!(half.part_of(0, 1), None);
        assert_eq!((half.floor(), Fraction::new(1, 0)), (Some(0), None));
    }
}
