//! Amounts, multipliers and fractions as text.

use vesting_core::{Ppb, Rao, RaoDelta};

/// Rao as alpha, exact, with nine places.
pub fn alpha(amount: impl Into<RaoDelta>) -> String {
    let amount: RaoDelta = amount.into();
    let (sign, size) = (if amount.0 < 0 { "-" } else { "" }, amount.magnitude());
    format!("{sign}{}.{:09}", size / 1_000_000_000, size % 1_000_000_000)
}

/// Rao as alpha, rounded to four places, for tables.
pub fn alpha_short(amount: Rao) -> String {
    alpha_sum(u128::from(amount.0))
}

/// A sum of rao as alpha, rounded to four places, for tables.
pub fn alpha_sum(amount: u128) -> String {
    let ten_thousandths = amount.saturating_add(50_000) / 100_000;
    format!("{}.{:04}", ten_thousandths / 10_000, ten_thousandths % 10_000)
}

/// The difference of two multipliers, with its sign.
pub fn difference(from: Ppb, to: Ppb) -> String {
    if to < from {
        format!("-{}", Ppb(from.0.saturating_sub(to.0)))
    } else {
        format!("+{}", Ppb(to.0.saturating_sub(from.0)))
    }
}

/// A fraction as per cent.
pub fn percent(fraction: Ppb) -> String {
    format!("{:.1} %", fraction.as_f64() * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_alpha() {
        assert_eq!(alpha(RaoDelta(-1)), "-0.000000001");
        assert_eq!(alpha(Rao(27_458_872_514)), "27.458872514");
        assert_eq!(alpha_short(Rao(27_458_872_514)), "27.4589");
        assert_eq!(
            (difference(Ppb::ONE, Ppb(999_999_999)), difference(Ppb::ONE, Ppb::ONE)),
            ("-0.000000001".into(), "+0.000000000".into())
        );
    }
}
