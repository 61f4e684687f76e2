//! Amounts along an axis.

/// An amount of alpha in few characters.
pub fn short_alpha(alpha: f64) -> String {
    let size = alpha.abs();
    let (value, unit) = match size {
        _ if size >= 1e9 => (alpha / 1e9, "G"),
        _ if size >= 1e6 => (alpha / 1e6, "M"),
        _ if size >= 1e4 => (alpha / 1e3, "k"),
        _ => (alpha, ""),
    };
    let text = if value.abs() >= 100.0 || value.fract().abs() < 1e-9 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    };
    // Values below the axis are amounts too, so they have no sign.
    format!("{}{unit}", text.trim_start_matches('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_short() {
        let all = [0.0, 0.25, 950.0, 12_345.0, -12_345.0, 2_500_000.0, 3e9].map(short_alpha);
        assert_eq!(all, ["0", "0.2", "950", "12.3k", "12.3k", "2.5M", "3G"]);
    }
}
