//! A validator's weights, multiplied: the one place where floats are, at the output's edge.

use crate::Ppb;

/// Why weights cannot be adjusted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// Lists of different lengths.
    #[error("`{what}` has {found} entries, but `weights` has {weights}: they belong together one by one")]
    Length {
        /// Which list.
        what: &'static str,
        /// How long it is.
        found: usize,
        /// How many weights there are.
        weights: usize,
    },
    /// A weight that is no weight.
    #[error("weight {index} is {value}: weights must be finite and not negative")]
    Value {
        /// Its place, from 0.
        index: usize,
        /// What it is.
        value: f64,
    },
    /// The weights add up to more than a float can hold.
    #[error("the weights add up to more than a number can hold: scale them down")]
    Overflow,
    /// One hotkey twice.
    #[error("hotkey {0} stands in `hotkeys` twice")]
    DuplicateHotkey(String),
    /// One uid twice.
    #[error("uid {0} stands in `uids` twice")]
    DuplicateUid(u16),
}

/// A factor for one weight: `None` leaves no weight at all.
pub type Factor = Option<Ppb>;

/// w′ = w·m, scaled so that Σw′ = Σw (within 10⁻¹²). All-zero stays all-zero, and what would become
/// all-zero stays as it was. Order and length are kept.
///
/// # Errors
/// For a weight that is negative, infinite or no number, and for lists of different lengths.
pub fn normalise(weights: &[f64], factors: &[Factor]) -> Result<Vec<f64>, WeightsError> {
    if weights.len() != factors.len() {
        return Err(WeightsError::Length { what: "factors", found: factors.len(), weights: weights.len() });
    }
    for (index, value) in weights.iter().copied().enumerate() {
        if !value.is_finite() || value < 0.0 {
            return Err(WeightsError::Value { index, value });
        }
    }
    let largest = weights.iter().copied().fold(0.0, f64::max);
    if largest <= 0.0 {
        return Ok(weights.to_vec());
    }
    // Relative to the largest, so that no product of tiny or huge weights leaves the range of floats.
    let scaled: Vec<f64> = weights.iter().zip(factors).map(|(w, m)| m.map_or(0.0, |m| w / largest * m.as_f64())).collect();
    let before = sum(weights.iter().map(|w| w / largest));
    let after = sum(scaled.iter().copied());
    if after <= 0.0 {
        return Ok(weights.to_vec());
    }
    let scale = before / after;
    let adjusted: Vec<f64> = scaled.iter().map(|w| w * scale * largest).collect();
    if adjusted.iter().any(|w| !w.is_finite()) {
        return Err(WeightsError::Overflow);
    }
    Ok(adjusted)
}

/// Sums with the lost low-order bits carried along, in the given order.
fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let (mut total, mut lost) = (0.0f64, 0.0f64);
    for value in values {
        let next = total + (value - lost);
        lost = (next - total) - (value - lost);
        total = next;
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn factor(ppb: u64) -> Factor {
        Some(Ppb(ppb))
    }

    #[test]
    fn the_kept_share_grows_and_the_sum_stays() {
        let out = normalise(&[0.5, 0.5], &[factor(1_500_000_000), factor(1_000_000_000)]).unwrap();
        assert!((out[0] - 0.6).abs() < 1e-12 && (out[1] - 0.4).abs() < 1e-12);
    }

    #[test]
    fn nothing_becomes_all_zero_or_no_number() {
        assert_eq!(normalise(&[0.0, 0.0], &[None, factor(1_000_000_000)]).unwrap(), [0.0, 0.0]);
        assert_eq!(normalise(&[0.3, 0.0], &[None, factor(1_500_000_000)]).unwrap(), [0.3, 0.0]);
        for bad in [f64::NAN, f64::INFINITY, -0.1] {
            assert!(normalise(&[1.0, bad], &[factor(1), factor(1)]).is_err());
        }
        assert!(normalise(&[1.0], &[]).is_err());
        assert_eq!(normalise(&[], &[]).unwrap(), Vec::<f64>::new());
    }

    proptest! {
        #[test]
        fn order_sum_and_length_are_kept(rows in prop::collection::vec((0.0f64..1e6, 1_000_000_000u64..=1_500_000_000), 1..300)) {
            let weights: Vec<f64> = rows.iter().map(|r| r.0).collect();
            let factors: Vec<Factor> = rows.iter().map(|r| factor(r.1)).collect();
            let out = normalise(&weights, &factors).unwrap();
            prop_assert_eq!(out.len(), weights.len());
            let (a, b): (f64, f64) = (weights.iter().sum(), out.iter().sum());
            prop_assert!((a - b).abs() <= a.max(1.0) * 1e-12, "{} {}", a, b);
            prop_assert!(out.iter().zip(&weights).all(|(o, w)| o.is_finite() && *o >= 0.0 && (*w > 0.0) == (*o > 0.0)));
            // Of two with the same factor, the one with more weight keeps more.
            for (i, j) in (0..out.len()).zip(1..out.len()) {
                if factors[i] == factors[j] && weights[i] < weights[j] { prop_assert!(out[i] <= out[j]); }
            }
        }

        #[test]
        fn any_finite_input_gives_finite_output(weights in prop::collection::vec(any::<f64>().prop_map(f64::abs).prop_filter("finite", |w| w.is_finite()), 1..50)) {
            let factors = vec![factor(1_250_000_000); weights.len()];
            if let Ok(out) = normalise(&weights, &factors) {
                prop_assert!(out.iter().all(|w| w.is_finite()));
                prop_assert_eq!(weights.iter().any(|w| *w > 0.0), out.iter().any(|w| *w > 0.0));
            }
        }
    }
}
