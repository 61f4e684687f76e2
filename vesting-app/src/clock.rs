//! The machine's clock. It tells how old a block is, and is never part of a figure.
//!
//! Takes from nothing here.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use vesting_core::Millis;

/// How old a block is. A block from the future has age 0.
pub fn age(block: Millis, now: SystemTime) -> Duration {
    let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    now.saturating_sub(Duration::from_millis(block.0))
}

/// A block carries the time of its author's clock, which other nodes accept within some seconds.
pub const TOLERANCE: Duration = Duration::from_secs(60);

/// How far this machine's clock is behind the chain, at least: a block from the future shows it. `None`
/// within the usual tolerance.
pub fn behind(block: Millis, now: SystemTime) -> Option<Duration> {
    let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Some(Duration::from_millis(block.0).saturating_sub(now)).filter(|behind| *behind > TOLERANCE)
}

/// A time of this machine's clock as RFC 3339, to the second.
pub fn shown(at: SystemTime) -> String {
    let seconds = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    i64::try_from(seconds)
        .ok()
        .and_then(|s| Timestamp::from_second(s).ok())
        .map_or_else(String::new, |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_ages_by_the_clock_and_one_from_the_future_is_new() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        assert_eq!(age(Millis(399_000), now), Duration::from_secs(601));
        assert_eq!(age(Millis(1_000_001), now), Duration::ZERO);
        assert_eq!(behind(Millis(1_060_000), now), None);
        assert_eq!(behind(Millis(1_060_001), now), Some(Duration::from_millis(60_001)));
        assert_eq!(shown(now + Duration::from_millis(400)), "1970-01-01T00:16:40Z");
    }
}
