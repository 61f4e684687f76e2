//! `redistribution = "normalise"`.

use super::sums::{belong_together, finite, largest, sum};
use super::{Factor, WeightsError};

/// w′ = w·m, scaled so that Σw′ = Σw (within 10⁻¹²). Weights that are all zero, or that would become so, stay
/// as they were. Order and length are kept.
///
/// # Errors
/// For a weight that is negative, infinite or no number, and for lists of different lengths.
pub fn normalise(weights: &[f64], factors: &[Factor]) -> Result<Vec<f64>, WeightsError> {
    belong_together(weights, factors)?;
    let largest = largest(weights)?;
    if largest <= 0.0 {
        return Ok(weights.to_vec());
    }
    let scaled = scaled(weights, factors, largest);
    let before = sum(weights.iter().map(|w| w / largest));
    let after = sum(scaled.iter().copied());
    if after <= 0.0 {
        return Ok(weights.to_vec());
    }
    let scale = before / after;
    finite(scaled.iter().map(|w| w * scale * largest).collect())
}

/// Whether [`normalise`] leaves the weights unchanged because every factor would set its weight to 0.
///
/// # Errors
/// As [`normalise`].
pub fn leaves_nothing(weights: &[f64], factors: &[Factor]) -> Result<bool, WeightsError> {
    belong_together(weights, factors)?;
    let largest = largest(weights)?;
    Ok(largest > 0.0 && sum(scaled(weights, factors, largest)) <= 0.0)
}

/// Each w·m relative to the largest w, so that tiny and huge weights stay in the range of floats.
fn scaled(weights: &[f64], factors: &[Factor], largest: f64) -> Vec<f64> {
    weights.iter().zip(factors).map(|(w, m)| m.map_or(0.0, |m| w / largest * m.as_f64())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Ppb;
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
        fn order_sum_and_length_are_kept(
            rows in prop::collection::vec((0.0f64..1e6, 1_000_000_000u64..=1_500_000_000), 1..300),
        ) {
            let weights: Vec<f64> = rows.iter().map(|r| r.0).collect();
            let factors: Vec<Factor> = rows.iter().map(|r| factor(r.1)).collect();
            let out = normalise(&weights, &factors).unwrap();
            prop_assert_eq!(out.len(), weights.len());
            let (a, b): (f64, f64) = (weights.iter().sum(), out.iter().sum());
            prop_assert!((a - b).abs() <= a.max(1.0) * 1e-12, "{} {}", a, b);
            prop_assert!(out.iter().all(|o| o.is_finite() && *o >= 0.0));
            prop_assert!(out.iter().zip(&weights).all(|(o, w)| (*w > 0.0) == (*o > 0.0)));
            // Of two with the same factor, the one with more weight keeps more.
            for (i, j) in (0..out.len()).zip(1..out.len()) {
                if factors[i] == factors[j] && weights[i] < weights[j] {
                    prop_assert!(out[i] <= out[j]);
                }
            }
        }

        #[test]
        fn any_finite_input_gives_finite_output(
            weights in prop::collection::vec(
                any::<f64>().prop_map(f64::abs).prop_filter("finite", |w| w.is_finite()), 1..50,
            ),
        ) {
            let factors = vec![factor(1_250_000_000); weights.len()];
            if let Ok(out) = normalise(&weights, &factors) {
                prop_assert!(out.iter().all(|w| w.is_finite()));
                prop_assert_eq!(weights.iter().any(|w| *w > 0.0), out.iter().any(|w| *w > 0.0));
            }
        }
    }
}
