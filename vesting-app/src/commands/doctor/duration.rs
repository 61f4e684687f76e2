//! Durations in words.

use vesting_core::Millis;

/// The time between two blocks, in ms.
pub const BLOCK: u64 = 12_000;

/// A duration, in a suitable unit.
pub fn span(ms: u64) -> String {
    match ms / 1_000 {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

/// The distance of two times, in ms.
pub const fn apart(a: Millis, b: Millis) -> u64 {
    a.0.abs_diff(b.0)
}

/// How long ago a time was, or how far it is in the future.
pub fn ago(now: Millis, time: Millis) -> String {
    if time > now {
        format!("{} in the future", span(apart(now, time)))
    } else {
        format!("{} old", span(apart(now, time)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_a_unit_that_fits() {
        assert_eq!(
            [0, 119_999, 120_000, 7_199_999, 7_200_000, 172_800_000].map(span),
            ["0 s", "119 s", "2 min", "119 min", "2 h", "2 days"]
        );
        assert_eq!(
            [ago(Millis(5_000), Millis(2_000)), ago(Millis(2_000), Millis(5_000))],
            ["3 s old", "3 s in the future"]
        );
    }
}
