//! Logarithms in fixed point, the same on every machine.

/// The bits after the point.
const PLACES: u32 = 60;
/// The bits of a mantissa in [1, 2), of which the highest is 1.
const MANTISSA: u32 = 63;

/// ⌊2⁶⁰ · log₂(numerator / denominator)⌋ for a ratio of at least 1, at most a few units less. It never falls
/// where the ratio rises. `None` for a ratio under 1, or one with a denominator of 0.
///
/// The bits come one by one: squaring a mantissa doubles its logarithm, so the next bit is 1 where the square
/// reaches 2. What is cut off a square counts for less with every bit, so all of it is under 2⁻⁶¹.
pub(super) fn log2(numerator: u64, denominator: u64) -> Option<u128> {
    let (numerator, denominator) = (u128::from(numerator), u128::from(denominator));
    let whole = numerator.checked_div(denominator)?.checked_ilog2()?;
    // At most 2¹²⁷: the numerator has 64 bits.
    let shifted = numerator.checked_shl(MANTISSA)?;
    let mut mantissa = shifted.checked_div(denominator.checked_shl(whole)?)?;
    let mut log = u128::from(whole);
    for _ in 0..PLACES {
        let square = mantissa.checked_mul(mantissa)?;
        let bit = square.checked_shr(2 * MANTISSA + 1)?;
        mantissa = square.checked_shr(if bit == 1 { MANTISSA + 1 } else { MANTISSA })?;
        log = log.checked_mul(2)?.checked_add(bit)?;
    }
    Some(log)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn powers_of_two_are_exact() {
        for power in 0u32..64 {
            assert_eq!(log2(1 << power, 1), Some(u128::from(power) << PLACES));
        }
        assert_eq!(log2(12, 3), Some(2 << PLACES));
        assert_eq!((log2(2, 3), log2(1, 0), log2(0, 1)), (None, None, None));
    }

    #[test]
    fn others_are_what_longer_arithmetic_gives() {
        // ⌊2⁶⁰ · ln(n/m) / ln 2⌋ with 60 decimal places.
        for (numerator, denominator, expected) in [
            (3, 2, 674_415_846_470_019_193_u128),
            (10, 1, 3_829_922_337_353_294_527),
            (2_592_000_001, 2_592_000_000, 641_710_700),
            (u64::MAX, 1, 73_786_976_294_838_206_463),
        ] {
            let found = log2(numerator, denominator).unwrap();
            assert!(expected.abs_diff(found) <= 4, "{numerator}/{denominator}: {found} is not {expected}");
        }
    }

    proptest! {
        #[test]
        fn it_never_falls_where_the_ratio_rises(ratio in 1u64..u64::MAX, more in 1u64..1_000, under in 1u64..u64::MAX) {
            let (more, under) = (ratio.saturating_add(more), under.min(ratio));
            prop_assert!(log2(more, under) >= log2(ratio, under));
        }
    }
}
