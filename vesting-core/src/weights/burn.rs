//! `redistribution = "burn"`.

use super::sums::{belong_together, finite, largest, sum};
use super::{Factor, WeightsError};
use crate::units::Ppb;

/// Weights of which a part is burned.
#[derive(Debug, Clone, PartialEq)]
pub struct Burned {
    /// The weights that stay, each w·m/M.
    pub weights: Vec<f64>,
    /// The burned part: the sum before minus the sum of these.
    pub rest: f64,
}

/// Gives each weight w·m/M, with M = `most`, and the rest to the burn uid. Order and length are kept. The sum
/// with the rest is Σw (within 10⁻¹²).
///
/// # Errors
/// For a weight that is negative, infinite or no number, for lists of different lengths, and for a rest
/// that no number can hold.
pub fn burn(weights: &[f64], factors: &[Factor], most: Ppb) -> Result<Burned, WeightsError> {
    belong_together(weights, factors)?;
    let largest = largest(weights)?;
    if largest <= 0.0 || most == Ppb(0) {
        return Ok(Burned { weights: weights.to_vec(), rest: 0.0 });
    }
    let part = |factor: &Factor| factor.unwrap_or(Ppb(0)).min(most);
    let kept = weights.iter().zip(factors).map(|(w, m)| w * (part(m).as_f64() / most.as_f64())).collect();
    // By M − m, so that the rest is exactly 0 if everybody has M.
    let missing = |m: &Factor| Ppb(most.0.saturating_sub(part(m).0)).as_f64() / most.as_f64();
    let rest = sum(weights.iter().zip(factors).map(|(w, m)| w / largest * missing(m))) * largest;
    if !rest.is_finite() {
        return Err(WeightsError::Overflow);
    }
    Ok(Burned { weights: finite(kept)?, rest })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MOST: Ppb = Ppb(1_500_000_000);

    #[test]
    fn who_has_the_largest_multiplier_keeps_all_and_the_rest_is_told() {
        let out = burn(&[0.3, 0.6, 0.1], &[Some(MOST), Some(Ppb::ONE), None], MOST).unwrap();
        assert!((out.weights[0] - 0.3).abs() < 1e-12 && (out.weights[1] - 0.4).abs() < 1e-12, "{out:?}");
        assert!(out.weights[2] == 0.0 && (out.rest - 0.3).abs() < 1e-12, "{out:?}");
        let all = burn(&[0.1, 0.2, 0.7], &[Some(MOST); 3], MOST).unwrap();
        assert_eq!(all, Burned { weights: vec![0.1, 0.2, 0.7], rest: 0.0 });
        assert_eq!(burn(&[0.0], &[Some(Ppb::ONE)], MOST).unwrap(), Burned { weights: vec![0.0], rest: 0.0 });
        assert!(burn(&[-1.0], &[Some(MOST)], MOST).is_err() && burn(&[1.0], &[], MOST).is_err());
    }

    proptest! {
        #[test]
        fn the_sum_stays(
            rows in prop::collection::vec(
                (0.0f64..1e6, prop::option::of(1_000_000_000u64..=1_500_000_000)), 1..300,
            ),
        ) {
            let weights: Vec<f64> = rows.iter().map(|row| row.0).collect();
            let factors: Vec<Factor> = rows.iter().map(|row| row.1.map(Ppb)).collect();
            let out = burn(&weights, &factors, MOST).unwrap();
            prop_assert_eq!(out.weights.len(), weights.len());
            let before: f64 = weights.iter().sum();
            let after = out.weights.iter().sum::<f64>() + out.rest;
            prop_assert!((before - after).abs() <= before.max(1.0) * 1e-12, "{} {}", before, after);
            prop_assert!(out.rest >= 0.0 && out.weights.iter().zip(&weights).all(|(o, w)| *o >= 0.0 && o <= w));
        }
    }
}
