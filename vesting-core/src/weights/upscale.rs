//! Weights in the form that the chain takes.

use super::WeightsError;
use super::sums::largest;

/// Weights as the chain takes them: the largest becomes 65535, and the others keep their proportion to it,
/// rounded half up. Each keeps its place, even if it becomes 0. Weights that are all zero stay so.
///
/// # Errors
/// For a weight that is negative, infinite or no number.
pub fn to_u16(weights: &[f64]) -> Result<Vec<u16>, WeightsError> {
    let largest = largest(weights)?;
    if largest <= 0.0 {
        return Ok(vec![0; weights.len()]);
    }
    // Multiplies before it divides, so that an exact half stays one. The unit keeps products in range.
    let unit = if largest > 1e300 { 2f64.powi(-32) } else { 1.0 };
    let upscaled = |w: f64| w * unit * f64::from(u16::MAX) / (largest * unit);
    // The results are from 0 to 65535. `round` rounds half away from zero, which is half up here.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Ok(weights.iter().map(|w| upscaled(*w).round() as u16).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_is_65535_and_halves_go_up() {
        assert_eq!(to_u16(&[0.5, 0.25, 0.0, 0.1]).unwrap(), [65_535, 32_768, 0, 13_107]);
        // 65535 · w is 0.5, just below it, and 1.5.
        assert_eq!(to_u16(&[65_535.0, 0.5, 0.499_999_999_999_999_94, 1.5]).unwrap(), [65_535, 1, 0, 2]);
        assert_eq!(to_u16(&[0.0, 0.0]).unwrap(), [0, 0]);
        assert_eq!(to_u16(&[f64::MAX, 5e-324]).unwrap(), [65_535, 0]);
        assert_eq!(to_u16(&[5e-324]).unwrap(), [65_535]);
        assert!(to_u16(&[1.0, f64::NAN]).is_err());
    }
}
