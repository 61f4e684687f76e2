//! Whether the followers are alive: they make progress, ask the chain, or report that they wait.

use std::time::{Duration, Instant};

/// The longest time without a heartbeat. A follower that waits for a block asks for the head every 90 s, and
/// an answer takes at most 30 s. Catching up on one interval takes many requests.
const LONGEST_SILENCE: Duration = Duration::from_secs(300);

/// The last heartbeat.
#[derive(Debug)]
pub struct Heartbeat {
    at: Instant,
    /// How many requests the chain had received then.
    requests: u64,
}

impl Heartbeat {
    pub const fn new(now: Instant) -> Self {
        Self { at: now, requests: 0 }
    }

    pub const fn beat(&mut self, now: Instant) {
        self.at = now;
    }

    /// Whether the last heartbeat is recent. A new request to the chain counts as one.
    pub fn is_alive(&mut self, requests: u64, now: Instant) -> bool {
        if requests != self.requests {
            self.requests = requests;
            self.at = now;
        }
        now.saturating_duration_since(self.at) < LONGEST_SILENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_follower_that_neither_gets_on_nor_asks_is_not_alive() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut heartbeat = Heartbeat::new(start);
        assert!(heartbeat.is_alive(0, at(299)));
        assert!(!heartbeat.is_alive(0, at(300)));
        // A request, then none for too long.
        assert!(
            heartbeat.is_alive(1, at(301))
                && heartbeat.is_alive(1, at(600))
                && !heartbeat.is_alive(1, at(601))
        );
        heartbeat.beat(at(700));
        assert!(heartbeat.is_alive(1, at(999)) && !heartbeat.is_alive(1, at(1_000)));
    }
}
