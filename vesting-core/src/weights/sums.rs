//! What every redistribution checks: valid weights, and sums that a float can hold.

use super::WeightsError;
use crate::units::Ppb;

/// The factor of one weight; `None` sets the weight to 0.
pub type Factor = Option<Ppb>;

/// The largest weight; 0 for an empty list. Refuses a weight that is negative or not finite, and weights
/// whose sum no float can hold: a weight's share of such a sum cannot be told.
pub(super) fn largest(weights: &[f64]) -> Result<f64, WeightsError> {
    for (index, value) in weights.iter().copied().enumerate() {
        if !value.is_finite() || value < 0.0 {
            return Err(WeightsError::Value { index, value });
        }
    }
    let largest = weights.iter().copied().fold(0.0, f64::max);
    // The sum of the scaled weights stays in the range of floats. Scaling by a power of two is exact, but for
    // weights too small to matter.
    if sum(weights.iter().map(|weight| weight * PART)) > f64::MAX * PART {
        return Err(WeightsError::Overflow);
    }
    Ok(largest)
}

/// 2⁻⁶⁴. There are always fewer than 2⁶⁴ weights.
pub(super) const PART: f64 = 1.0 / 18_446_744_073_709_551_616.0;

pub(super) fn belong_together(weights: &[f64], factors: &[Factor]) -> Result<(), WeightsError> {
    match weights.len() == factors.len() {
        true => Ok(()),
        false => Err(WeightsError::Length { what: "factors", found: factors.len(), weights: weights.len() }),
    }
}

/// Sums in the given order and carries the lost low-order bits along (Kahan).
pub(super) fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut total, mut lost) = (0.0f64, 0.0f64);
    for value in values {
        let next = total + (value - lost);
        lost = (next - total) - (value - lost);
        total = next;
    }
    total
}

/// The weights, if all are finite.
pub(super) fn finite(weights: Vec<f64>) -> Result<Vec<f64>, WeightsError> {
    if weights.iter().all(|weight| weight.is_finite()) { Ok(weights) } else { Err(WeightsError::Overflow) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::{burn, normalise, threshold, to_u16};

    /// Their sum is beyond floats though each is far below: refused by each redistribution and on the way to
    /// the chain, as it is where one weight is beyond.
    #[test]
    fn a_sum_that_no_float_holds_is_refused_everywhere_alike() {
        let half = f64::MAX / 2.0;
        let one = Some(Ppb::ONE);
        let all = |weights: &[f64]| {
            let factors = vec![one; weights.len()];
            [
                normalise(weights, &factors).map(drop),
                threshold(weights, &factors, Ppb(500_000_000), Ppb(0)).map(drop),
                burn(weights, &factors, Ppb::ONE).map(drop),
                to_u16(weights).map(drop),
            ]
        };
        for weights in
            [[half, half, half].as_slice(), &[f64::MAX, f64::MAX], &[1e308; 2], &[f64::MAX, half, 0.0]]
        {
            for found in all(weights) {
                assert_eq!(found, Err(WeightsError::Overflow));
            }
        }
        for weights in [[half, half].as_slice(), &[f64::MAX, 0.0], &[8e307, 8e307], &[5e-324; 3]] {
            for found in all(weights) {
                assert_eq!(found, Ok(()), "{weights:?}");
            }
        }
    }
}
