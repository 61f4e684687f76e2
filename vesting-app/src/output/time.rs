//! Times and durations as text.

use jiff::Timestamp;
use vesting_core::Millis;

/// Milliseconds as days.
#[allow(clippy::cast_precision_loss)] // the output's edge: durations are far below 2⁵³ ms
pub fn days(ms: u64) -> f64 {
    ms as f64 / 86_400_000.0
}

/// Block time as RFC 3339.
pub fn time(at: Millis) -> String {
    i64::try_from(at.0)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .map_or_else(|| format!("{} ms", at.0), |t| t.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_time_reads_as_rfc_3339() {
        assert_eq!(time(Millis(1_780_000_240_000)), "2026-05-28T20:30:40Z");
    }
}
