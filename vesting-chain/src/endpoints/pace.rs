//! How fast an endpoint is asked: less at once after it refuses, and slowly more again while it answers.

use std::time::{Duration, Instant};

use crate::endpoints::pauses::{self, FIRST_PAUSE, doubled, jittered};
use crate::errors::failure::Refusal;
use crate::errors::wait::LONGEST_WAIT;

/// The most storage keys in one request: far below the nodes' limit of 15 MiB, and still few round trips.
pub(crate) const MOST_KEYS: usize = 4_000;
/// A request is not made smaller than this, whatever an endpoint refuses.
const FEWEST_KEYS: usize = 4;
/// So many answers must come before twice as much is asked for. Each time that is refused, the number doubles
/// up to the second constant, so that an endpoint's limit is tried seldom.
const FIRST_ANSWERS: u32 = 8;
const MOST_ANSWERS: u32 = 512;
/// After so many refusals in a row, what an endpoint answered before no longer counts.
const OFTEN: u32 = 3;
/// After so many answers without a wrong one, earlier wrong ones are forgotten.
const FORGIVES_AFTER: u32 = 64;
/// A call is not sent again before this time.
const LEAST_PATIENCE: Duration = Duration::from_secs(1);
/// The first pause after a refusal by policy. Pauses double.
const FIRST_POLICY_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause after refusals that name no time.
const LONGEST_REFUSAL_PAUSE: Duration = Duration::from_secs(5 * 60);

/// How fast one endpoint is asked.
#[derive(Debug)]
pub(crate) struct Pace {
    /// The most storage keys in one request.
    keys: usize,
    /// The most keys it has answered in one request. A request of less than half as many is not refused for
    /// its size.
    most_answered: usize,
    /// The most requests at once.
    at_once: u32,
    most_at_once: u32,
    /// Answers since the last refusal or raise, and how many are needed for the next raise.
    answers: u32,
    answers_wanted: u32,
    /// Refusals and failures in a row.
    refusals: u32,
    failures: u32,
    /// Wrong answers, and right answers since the last of them.
    wrong: u32,
    right: u32,
    /// Since when it has refused everything.
    refusing: Option<Instant>,
    /// About how long its slowest recent answers took.
    slowest: Duration,
    /// Until when it is left alone.
    until: Option<Instant>,
    /// The message of its last refusal.
    last_refusal: String,
}

impl Pace {
    pub(crate) fn new(most_at_once: u32) -> Self {
        Self {
            keys: MOST_KEYS,
            most_answered: 0,
            at_once: most_at_once,
            most_at_once,
            answers: 0,
            answers_wanted: FIRST_ANSWERS,
            refusals: 0,
            failures: 0,
            wrong: 0,
            right: 0,
            refusing: None,
            slowest: Duration::ZERO,
            until: None,
            last_refusal: String::new(),
        }
    }

    /// The most storage keys in one request.
    pub(crate) const fn keys(&self) -> usize {
        self.keys
    }

    /// The most requests at once.
    pub(crate) const fn at_once(&self) -> u32 {
        self.at_once
    }

    /// Refusals in a row.
    pub(crate) const fn refusals(&self) -> u32 {
        self.refusals
    }

    /// Failures in a row.
    pub(crate) const fn failures(&self) -> u32 {
        self.failures
    }

    /// Notes a wrong answer. Returns how many there were recently.
    pub(crate) const fn wrong_answer(&mut self) -> u32 {
        self.right = 0;
        self.wrong = self.wrong.saturating_add(1);
        self.wrong
    }

    /// Until when it is left alone; `None` if it may be asked now.
    pub(crate) fn rests_until(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| *until > now)
    }

    /// How long it has refused everything.
    pub(crate) fn refuses_for(&self, now: Instant) -> Duration {
        self.refusing.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    /// The message of its last refusal.
    pub(crate) fn last_refusal(&self) -> &str {
        &self.last_refusal
    }

    /// Notes how long an answer took.
    pub(crate) fn took(&mut self, duration: Duration) {
        self.slowest = duration.max(self.slowest - self.slowest / 32);
    }

    /// How long an answer is waited for before the call is sent again.
    pub(crate) fn patience(&self) -> Duration {
        self.slowest.saturating_mul(4).max(LEAST_PATIENCE)
    }

    /// Notes an answer to a request of so many keys.
    pub(crate) fn answered(&mut self, keys: usize) {
        self.refusals = 0;
        self.failures = 0;
        self.refusing = None;
        self.right = self.right.saturating_add(1);
        if self.right >= FORGIVES_AFTER {
            self.wrong = 0;
        }
        if keys > self.most_answered {
            self.most_answered = keys;
            self.answers_wanted = (self.answers_wanted / 2).max(FIRST_ANSWERS);
        }
        // A small request says nothing about a large one.
        if keys > 0 && keys < self.keys / 2 && self.keys < MOST_KEYS {
            return;
        }
        self.answers = self.answers.saturating_add(1);
        if self.answers >= self.answers_wanted {
            self.answers = 0;
            self.keys = self.keys.saturating_mul(2).min(MOST_KEYS);
            self.at_once = self.at_once.saturating_add(1).min(self.most_at_once);
        }
    }

    /// Notes a refusal of a request of so many keys (0 if it had none). Returns until when it is left alone.
    /// `chance` is between 0 and 1.
    pub(crate) fn refused(&mut self, now: Instant, keys: usize, refusal: &Refusal, chance: f64) -> Instant {
        self.last_refusal.clone_from(&refusal.message);
        self.refusing.get_or_insert(now);
        // Calls that were under way at once are refused together. That counts as one refusal.
        let known = self.rests_until(now).is_some();
        if !known {
            self.refusals = self.refusals.saturating_add(1);
            self.at_once = (self.at_once / 2).max(1);
            // That was more than it ever answered: its limit is tried less often from now on.
            if keys > self.most_answered {
                self.answers_wanted = self.answers_wanted.saturating_mul(2).min(MOST_ANSWERS);
                self.answers = 0;
            }
        }
        self.ask_less(keys);
        let first = if refusal.policy { FIRST_POLICY_PAUSE } else { FIRST_PAUSE };
        let pause = match refusal.wait {
            // A little longer than it said, so that not all calls come back at once.
            Some(wait) => wait.saturating_add(jittered(FIRST_PAUSE, chance)),
            None => jittered(doubled(first, self.refusals, LONGEST_REFUSAL_PAUSE), chance),
        };
        self.rest(now, pause)
    }

    /// Notes a failed connection. Returns until when it is left alone.
    pub(crate) fn failed(&mut self, now: Instant, chance: f64) -> Instant {
        self.failures = self.failures.saturating_add(1);
        self.rest(now, pauses::after_failures(self.failures, chance))
    }

    /// Notes a call that was answered with an error, or not answered while others were.
    pub(crate) const fn failed_call(&mut self) {
        self.failures = self.failures.saturating_add(1);
    }

    /// Leaves it alone for so long, at least. Returns until when.
    pub(crate) fn rest(&mut self, now: Instant, pause: Duration) -> Instant {
        let until = now + pause.min(LONGEST_WAIT);
        let until = self.until.map_or(until, |known| known.max(until));
        self.until = Some(until);
        until
    }

    /// Notes that a request of so many keys was too large, or took too long.
    pub(crate) fn ask_less(&mut self, keys: usize) {
        // Even what it answered before may be too much now.
        let often = self.refusals.max(self.failures) >= OFTEN;
        if keys <= FEWEST_KEYS || (keys.saturating_mul(2) <= self.most_answered && !often) {
            return;
        }
        self.keys = self.keys.min(keys / 2).max(FEWEST_KEYS);
        if often {
            self.most_answered = self.most_answered.min(self.keys);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(wait: Option<Duration>, policy: bool) -> Refusal {
        Refusal { message: "slower".into(), wait, policy, closed: false }
    }

    #[test]
    fn a_request_is_halved_down_to_a_few_and_grows_slowly() {
        let (mut pace, mut now) = (Pace::new(8), Instant::now());
        let mut sizes = Vec::new();
        for _ in 0..14 {
            now = pace.refused(now, pace.keys(), &refusal(None, false), 0.5);
            sizes.push(pace.keys());
        }
        assert_eq!(sizes, [2000, 1000, 500, 250, 125, 62, 31, 15, 7, 4, 4, 4, 4, 4]);
        assert_eq!(pace.at_once(), 1);
        let mut answers = 0;
        while pace.keys() < MOST_KEYS {
            pace.answered(pace.keys());
            answers += 1;
            assert!(answers < 100_000);
        }
        assert!(answers > 500, "{answers}");
        assert_eq!((pace.refusals(), pace.at_once()), (0, 8));
    }

    #[test]
    fn small_requests_say_nothing_about_large_ones() {
        let mut pace = Pace::new(8);
        pace.refused(Instant::now(), 1_000, &refusal(None, false), 0.5);
        (0..100).for_each(|_| pace.answered(3));
        assert_eq!(pace.keys(), 500);
    }

    #[test]
    fn what_is_refused_at_any_size_is_not_made_smaller_for_ever() {
        let (mut pace, mut now) = (Pace::new(8), Instant::now());
        for _ in 0..200 {
            (0..14).for_each(|_| pace.answered(pace.keys().min(300)));
            now = pace.refused(now, pace.keys().min(300), &refusal(None, true), 0.5);
        }
        assert!(pace.keys() >= 75, "{}", pace.keys());
    }

    #[test]
    fn pauses_are_as_told_or_grow_up_to_a_limit() {
        let (mut pace, begun) = (Pace::new(8), Instant::now());
        assert_eq!(
            pace.refused(begun, 0, &refusal(Some(Duration::from_secs(20)), true), 0.5),
            begun + Duration::from_millis(20_250)
        );
        let hours = Duration::from_secs(36_000);
        let mut pace = Pace::new(8);
        assert_eq!(pace.refused(begun, 0, &refusal(Some(hours), true), 0.5), begun + LONGEST_WAIT);
        let (mut pace, mut now, mut pauses) = (Pace::new(8), begun, Vec::new());
        for _ in 0..11 {
            let until = pace.refused(now, 0, &refusal(None, true), 0.5);
            pauses.push((until - now).as_secs());
            now = until;
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        // Those that were under way are refused together, which is one refusal.
        let mut pace = Pace::new(8);
        let until = pace.refused(begun, 0, &refusal(None, false), 0.5);
        for _ in 0..7 {
            assert_eq!(pace.refused(begun, 0, &refusal(None, false), 0.5), until);
        }
        assert_eq!((pace.refusals(), pace.at_once()), (1, 4));
    }
}
