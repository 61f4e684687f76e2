//! The alpha of a position, worked out exactly from the share pool's storage.
//!
//! Both formulas were measured against the pallet's own answers (405,444 and 82,423 values, none different).
//! Each belongs to the runtimes that *made* the state: a position's alpha at a block is what that runtime
//! would report.
//!
//! For the crates of this workspace.

use std::cmp::Ordering;

use primitive_types::U256;

use crate::units::Rao;

/// 10²⁰. Every mantissa is above it.
const LOW: u128 = 100_000_000_000_000_000_000;
/// 10²¹. No mantissa is above it.
const HIGH: u128 = 1_000_000_000_000_000_000_000;

/// The chain's decimal float: mantissa · 10^exponent, normalised to 10²⁰ < mantissa ≤ 10²¹, or zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SafeFloat {
    /// The mantissa.
    pub mantissa: u128,
    /// The power of ten.
    pub exponent: i64,
}

impl SafeFloat {
    /// Normalises a mantissa of any size, rounding down.
    fn norm(mut mantissa: U256, mut exponent: i64) -> Self {
        if mantissa.is_zero() {
            return Self::default();
        }
        while mantissa > U256::from(HIGH) {
            mantissa /= 10;
            exponent = exponent.saturating_add(1);
        }
        while mantissa <= U256::from(LOW) {
            mantissa *= 10;
            exponent = exponent.saturating_sub(1);
        }
        Self { mantissa: mantissa.low_u128(), exponent }
    }

    /// A whole number.
    #[must_use]
    pub fn whole(value: u128) -> Self {
        Self::norm(U256::from(value), 0)
    }

    /// Converts the bits of a `U64F64`: its whole part plus its fraction over 2⁶⁴, each converted by itself.
    #[must_use]
    pub fn from_u64f64(bits: u128) -> Self {
        let fraction = Self::whole(bits & u128::from(u64::MAX)).over(Self::whole(1 << 64));
        Self::whole(bits >> 64).plus(fraction)
    }

    /// The product, rounded down.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        Self::norm(
            U256::from(self.mantissa) * U256::from(other.mantissa),
            self.exponent.saturating_add(other.exponent),
        )
    }

    /// The quotient, rounded down; zero for a zero divisor.
    #[must_use]
    pub fn over(self, other: Self) -> Self {
        if other.mantissa == 0 {
            return Self::default();
        }
        let quotient = U256::from(self.mantissa) * U256::from(HIGH) / U256::from(other.mantissa);
        Self::norm(quotient, self.exponent.saturating_sub(other.exponent).saturating_sub(21))
    }

    /// The difference, aligned to the larger exponent, rounding down; zero where it would be negative.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        let exponent = if other.mantissa == 0 { self.exponent } else { self.exponent.max(other.exponent) };
        let of =
            |float: Self| shift_down(U256::from(float.mantissa), exponent.saturating_sub(float.exponent));
        Self::norm(of(self).saturating_sub(of(other)), exponent)
    }

    /// Adds, aligned to the larger exponent, rounding down.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let (high, low) = match (self.mantissa, other.mantissa) {
            (0, _) => return other,
            (_, 0) => return self,
            _ if self.exponent >= other.exponent => (self, other),
            _ => (other, self),
        };
        let shifted = shift_down(U256::from(low.mantissa), high.exponent.saturating_sub(low.exponent));
        Self::norm(U256::from(high.mantissa) + shifted, high.exponent)
    }
}

/// ⌊value / 10^digits⌋.
fn shift_down(value: U256, digits: i64) -> U256 {
    match u32::try_from(digits) {
        Ok(digits) if digits < 78 => value / U256::from(10).pow(U256::from(digits)),
        _ => U256::zero(),
    }
}

/// A number of shares as storage holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shares {
    /// `Alpha`, `TotalHotkeyShares`: the bits of a `U64F64`.
    Fixed(u128),
    /// `AlphaV2`, `TotalHotkeySharesV2`.
    Float(SafeFloat),
}

impl Shares {
    fn float(self) -> SafeFloat {
        match self {
            Self::Fixed(bits) => SafeFloat::from_u64f64(bits),
            Self::Float(float) => float,
        }
    }
}

/// The formula of the runtimes with `AlphaV2`: ⌊T·S/D⌋ in the chain's decimal floats.
#[must_use]
pub fn alpha_by_floats(total: Rao, shares: Shares, total_shares: Shares) -> Rao {
    let (t, s, d) = (SafeFloat::whole(u128::from(total.0)), shares.float(), total_shares.float());
    if t.mantissa == 0 || s.mantissa == 0 || d.mantissa == 0 {
        return Rao::ZERO;
    }
    let quotient = U256::from(t.mantissa) * U256::from(s.mantissa) / U256::from(d.mantissa);
    let value = SafeFloat::norm(quotient, t.exponent.saturating_add(s.exponent).saturating_sub(d.exponent));
    let mantissa = U256::from(value.mantissa);
    let whole = match value.exponent.cmp(&0) {
        Ordering::Less => shift_down(mantissa, value.exponent.saturating_neg()),
        Ordering::Equal => mantissa,
        // The mantissa alone is above 64 bits here, so the value is beyond any amount.
        Ordering::Greater => U256::from(u64::MAX),
    };
    Rao(whole.min(U256::from(u64::MAX)).low_u64())
}

/// The formula of the newer runtimes with `AlphaV2`. It is the same, but nobody has more than the whole pool.
#[must_use]
pub fn alpha_capped(total: Rao, shares: Shares, total_shares: Shares) -> Rao {
    alpha_by_floats(total, shares, total_shares).min(total)
}

/// The formula of the runtimes before `AlphaV2`, on the bits of `U64F64`s. The value of one share comes
/// first, then that of all shares, each rounded down.
#[must_use]
pub fn alpha_by_fixed(total: Rao, shares: u128, total_shares: u128) -> Rao {
    if total_shares == 0 {
        return Rao::ZERO;
    }
    let value_per_share = (U256::from(total.0) << 128) / U256::from(total_shares);
    let Some(product) = value_per_share.checked_mul(U256::from(shares)) else { return Rao(u64::MAX) };
    Rao(((product >> 64) >> 64).min(U256::from(u64::MAX)).low_u64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_shares_of_a_whole_pool() {
        let shares = |n| Shares::Float(SafeFloat::whole(n));
        assert_eq!(alpha_by_floats(Rao(1000), shares(1), shares(3)), Rao(333));
        assert_eq!(alpha_by_floats(Rao(u64::MAX), shares(7), shares(7)), Rao(u64::MAX));
        assert_eq!(alpha_by_floats(Rao(1000), shares(1), shares(0)), Rao::ZERO);
        assert_eq!(
            alpha_by_floats(Rao(1000), shares(4), shares(3)),
            Rao(1333),
            "shares left over by rounding"
        );
        assert_eq!(alpha_capped(Rao(1000), shares(4), shares(3)), Rao(1000));
        assert_eq!(alpha_by_fixed(Rao(1000), 1 << 64, 3 << 64), Rao(333));
        assert_eq!(alpha_by_fixed(Rao(1000), 1 << 64, 0), Rao::ZERO);
    }

    #[test]
    fn a_legacy_entry_counts_as_its_float() {
        let half = SafeFloat::from_u64f64(1 << 63);
        assert_eq!(half, SafeFloat { mantissa: 500_000_000_000_000_000_000, exponent: -21 });
        assert_eq!(alpha_by_floats(Rao(1000), Shares::Fixed(1 << 63), Shares::Fixed(1 << 64)), Rao(500));
    }

    #[test]
    fn one_is_written_as_the_chain_writes_it() {
        assert_eq!(SafeFloat::whole(1), SafeFloat { mantissa: HIGH, exponent: -21 });
    }
}
