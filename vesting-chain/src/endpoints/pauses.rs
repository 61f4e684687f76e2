//! How long to pause before something is tried again.

use std::time::Duration;

/// The first pause after a failure. Pauses double with each further failure.
pub(crate) const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause after failures.
const LONGEST_FAILURE_PAUSE: Duration = Duration::from_secs(30);
/// The first and the longest pause before asking again for a block that a node does not know yet.
const FIRST_LAG_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_LAG_PAUSE: Duration = Duration::from_secs(2);

/// The pause after so many failures in a row. `chance` is between 0 and 1.
pub(crate) fn after_failures(failures: u32, chance: f64) -> Duration {
    jittered(doubled(FIRST_PAUSE, failures, LONGEST_FAILURE_PAUSE), chance)
}

/// The pause before asking again for a block that a node did not know so many times before.
pub(crate) fn for_lag(times: u32) -> Duration {
    doubled(FIRST_LAG_PAUSE, times.saturating_add(1), LONGEST_LAG_PAUSE)
}

/// The first pause, doubled with each time after the first, up to the longest.
pub(crate) fn doubled(first: Duration, times: u32, longest: Duration) -> Duration {
    let doublings = times.saturating_sub(1).min(16);
    first.saturating_mul(1 << doublings).min(longest)
}

/// Three to five quarters of a pause, so that calls that failed together do not come back together.
pub(crate) fn jittered(pause: Duration, chance: f64) -> Duration {
    pause.mul_f64(0.75 + chance.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_their_limit() {
        let failures: Vec<u128> = (1..=9).map(|times| after_failures(times, 0.5).as_millis()).collect();
        assert_eq!(failures, [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        let lags: Vec<u128> = (0..5).map(|times| for_lag(times).as_millis()).collect();
        assert_eq!(lags, [250, 500, 1_000, 2_000, 2_000]);
        assert_eq!(for_lag(u32::MAX), LONGEST_LAG_PAUSE);
        assert_eq!(after_failures(u32::MAX, 0.5), LONGEST_FAILURE_PAUSE);
    }

    #[test]
    fn chance_moves_a_pause_by_a_quarter_at_most() {
        let pause = Duration::from_secs(4);
        let jittered = [0.0, 0.5, 1.0, 7.0].map(|chance| jittered(pause, chance).as_secs());
        assert_eq!(jittered, [3, 4, 5, 5]);
    }
}
