//! Fractions and multipliers as parts per billion.

use std::fmt;
use std::str::FromStr;

/// A non-negative fraction in parts per billion: 1 is 1,000,000,000.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ppb(pub u64);

impl Ppb {
    /// One.
    pub const ONE: Self = Self(1_000_000_000);

    /// The nearest float, for the output's edge only.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // the output's edge: multipliers are far below 2⁵³ ppb
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / Self::ONE.0 as f64
    }
}

impl fmt::Display for Ppb {
    /// Exact, with nine decimal places.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{:09}", self.0 / Self::ONE.0, self.0 % Self::ONE.0))
    }
}

/// Why a decimal was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a decimal number from 0 to 9999999999 with at most nine places")]
pub struct DecimalError(String);

impl FromStr for Ppb {
    type Err = DecimalError;

    /// A plain decimal such as `0.9`, read exactly.
    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let refuse = || DecimalError(text.chars().take(40).collect());
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || whole.len() > 10 || part.len() > 9 || !digits(whole) || !digits(part) {
            return Err(refuse());
        }
        let whole: u64 = whole.parse().map_err(|_| refuse())?;
        let part: u64 = format!("{part:0<9}").parse().map_err(|_| refuse())?;
        whole.checked_mul(Self::ONE.0).and_then(|w| w.checked_add(part)).map(Self).ok_or_else(refuse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        for (text, ppb) in [
            ("0.9", 900_000_000),
            ("1.5", 1_500_000_000),
            ("0.02", 20_000_000),
            ("30", 30_000_000_000),
            ("0.000000001", 1),
        ] {
            assert_eq!(text.parse(), Ok(Ppb(ppb)));
        }
        for bad in ["", ".5", "-1", "1e3", "NaN", "0.0000000001", "1.2.3", "99999999999"] {
            assert!(bad.parse::<Ppb>().is_err(), "{bad}");
        }
        assert_eq!(Ppb(1_128_008_771).to_string(), "1.128008771");
    }
}
