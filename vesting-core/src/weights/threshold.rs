//! `redistribution = "threshold"`.

use super::sums::{finite, largest, sum};
use super::{Factor, WeightsError, normalise};
use crate::units::Ppb;

/// A weight this close below the threshold has reached it, since floats are not more exact.
const SLACK: f64 = 1e-12;

/// Normalises, and then sets each w′ < max(`factor`·w, `absolute`) to 0. The others get its weight in
/// proportion, so that the sum stays. If no weight would be left, the result is that of [`normalise`].
///
/// `absolute` is in the unit of the weights. Order and length are kept.
///
/// # Errors
/// As [`normalise`].
pub fn threshold(
    weights: &[f64],
    factors: &[Factor],
    factor: Ppb,
    absolute: Ppb,
) -> Result<Vec<f64>, WeightsError> {
    let adjusted = normalise(weights, factors)?;
    let stays = |(adjusted, weight): (&f64, &f64)| {
        *adjusted >= (factor.as_f64() * weight).max(absolute.as_f64()) * (1.0 - SLACK)
    };
    let survivors: Vec<f64> =
        adjusted.iter().zip(weights).map(|(w, before)| if stays((w, before)) { *w } else { 0.0 }).collect();
    let largest = largest(&survivors)?;
    if largest <= 0.0 {
        return Ok(adjusted);
    }
    // Sums of weights relative to the largest stay in the range of floats.
    let part = |values: &[f64]| sum(values.iter().map(|w| w / largest));
    let scale = part(&adjusted) / part(&survivors);
    finite(survivors.iter().map(|w| w * scale).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Factor = Some(Ppb::ONE);
    const MOST: Factor = Some(Ppb(1_500_000_000));

    #[test]
    fn who_falls_under_it_leaves_its_weight_to_the_others_in_proportion() {
        let out = threshold(&[20.0, 10.0, 20.0, 20.0], &[MOST, MOST, ONE, None], Ppb(0), Ppb(16_000_000_000))
            .unwrap();
        // 20·1.5 : 10·1.5 : 20 of 70 is 32.3, 16.2, 21.5: all above 16.
        assert!(out[1] > 16.0 && out[3] == 0.0);
        let out = threshold(&[20.0, 10.0, 20.0, 20.0], &[MOST, MOST, ONE, None], Ppb(0), Ppb(17_000_000_000))
            .unwrap();
        assert!((out[0] - 42.0).abs() < 1e-9 && out[1] == 0.0 && (out[2] - 28.0).abs() < 1e-9, "{out:?}");
        // Relative to its own weight: 1 against 0.8 of it after normalising.
        let out = threshold(&[1.0, 1.0], &[MOST, ONE], Ppb(900_000_000), Ppb(0)).unwrap();
        assert!((out[0] - 2.0).abs() < 1e-12 && out[1] == 0.0, "{out:?}");
    }

    #[test]
    fn equals_stay_and_where_nobody_would_it_is_normalise() {
        let (weights, factors) = ([0.1, 0.3, 0.7], [Some(Ppb(1_234_567_891)); 3]);
        let out = threshold(&weights, &factors, Ppb::ONE, Ppb(0)).unwrap();
        assert!(
            out.iter().zip(weights).all(|(o, w)| (o - w).abs() < 1e-12),
            "whoever keeps its weight reaches all of it: {out:?}"
        );
        assert_eq!(threshold(&weights, &factors, Ppb(0), Ppb(2_000_000_000)), normalise(&weights, &factors));
        assert_eq!(threshold(&[0.0, 0.0], &[ONE, ONE], Ppb::ONE, Ppb::ONE).unwrap(), [0.0, 0.0]);
        assert!(threshold(&[1.0, f64::NAN], &[ONE, ONE], Ppb::ONE, Ppb(0)).is_err());
    }
}
