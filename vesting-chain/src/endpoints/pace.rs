//! How much an endpoint is asked: less at once when it refuses, slowly more again while it answers.

use std::time::{Duration, Instant};

use crate::errors::failure::{LONGEST_WAIT, Refusal};

/// Storage keys in one request: far below the nodes' limit of 15 MiB, and few round trips.
pub(crate) const MOST_KEYS: usize = 4_000;
/// As few keys are asked for whatever an endpoint says.
const FEWEST_KEYS: usize = 4;
/// Answers before twice as much is asked for; more of them each time that is refused, so that an endpoint's
/// limit is seldom tried.
const FIRST_ANSWERS: u32 = 8;
const MOST_ANSWERS: u32 = 512;
/// After so many refusals in a row what an endpoint took before counts no more.
const OFTEN: u32 = 3;
/// After so many answers without a wrong one, those before are forgotten.
const WELL: u32 = 64;
/// No answer is asked for again before that.
const LEAST_PATIENCE: Duration = Duration::from_secs(1);
/// The first pauses: after a failure or a refusal, and after a refusal by policy. They double.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const FIRST_POLICY_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause that an endpoint did not ask for: after failures, and after refusals.
const LONGEST_FAILURE_PAUSE: Duration = Duration::from_secs(30);
const LONGEST_REFUSAL_PAUSE: Duration = Duration::from_secs(5 * 60);

/// How an endpoint is asked.
#[derive(Debug)]
pub(crate) struct Pace {
    /// The most storage keys in one request.
    keys: usize,
    /// As many it has answered in one request: fewer than half of them are not refused for being many.
    took: usize,
    /// The most requests at once.
    at_once: u32,
    most_at_once: u32,
    /// Answers since something was refused or the pace was raised, and how many it takes.
    answers: u32,
    answers_wanted: u32,
    /// Refusals and failures in a row.
    refusals: u32,
    failures: u32,
    /// Answers that were wrong, and answers since the last of them.
    misreadings: u32,
    well: u32,
    /// Since when it has only refused.
    refusing: Option<Instant>,
    /// About as long its slowest answers took of late.
    slowest: Duration,
    /// Until when it is left alone.
    until: Option<Instant>,
    /// What it said when it refused last.
    said: String,
}

impl Pace {
    pub(crate) fn new(most_at_once: u32) -> Self {
        Self {
            keys: MOST_KEYS,
            took: 0,
            at_once: most_at_once,
            most_at_once,
            answers: 0,
            answers_wanted: FIRST_ANSWERS,
            refusals: 0,
            failures: 0,
            misreadings: 0,
            well: 0,
            refusing: None,
            slowest: Duration::ZERO,
            until: None,
            said: String::new(),
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

    /// One of its answers was wrong; says how many were of late.
    pub(crate) const fn misread(&mut self) -> u32 {
        self.well = 0;
        self.misreadings = self.misreadings.saturating_add(1);
        self.misreadings
    }

    /// Until when it is left alone, where that is still to come.
    pub(crate) fn rests(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| *until > now)
    }

    /// How long it has only refused.
    pub(crate) fn refuses_for(&self, now: Instant) -> Duration {
        self.refusing.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    /// What it said when it refused last.
    pub(crate) fn said(&self) -> &str {
        &self.said
    }

    /// An answer took so long.
    pub(crate) fn lasted(&mut self, so_long: Duration) {
        self.slowest = so_long.max(self.slowest - self.slowest / 32);
    }

    /// As long an answer is waited for before it is asked for again.
    pub(crate) fn patience(&self) -> Duration {
        self.slowest.saturating_mul(4).max(LEAST_PATIENCE)
    }

    /// It answered a request of so many keys.
    pub(crate) fn answered(&mut self, keys: usize) {
        self.refusals = 0;
        self.failures = 0;
        self.refusing = None;
        self.well = self.well.saturating_add(1);
        if self.well >= WELL {
            self.misreadings = 0;
        }
        if keys > self.took {
            self.took = keys;
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

    /// It refused a request of so many keys (0 where there were none); says until when it is left alone.
    /// `chance` is between 0 and 1.
    pub(crate) fn refused(&mut self, now: Instant, keys: usize, refusal: &Refusal, chance: f64) -> Instant {
        self.said.clone_from(&refusal.words);
        self.refusing.get_or_insert(now);
        // One refusal of many that were under way at once is one.
        let known = self.rests(now).is_some();
        if !known {
            self.refusals = self.refusals.saturating_add(1);
            self.at_once = (self.at_once / 2).max(1);
            // More than it ever took: its limit is tried more seldom from now on.
            if keys > self.took {
                self.answers_wanted = self.answers_wanted.saturating_mul(2).min(MOST_ANSWERS);
                self.answers = 0;
            }
        }
        self.ask_less(keys);
        let first = if refusal.policy { FIRST_POLICY_PAUSE } else { FIRST_PAUSE };
        let pause = match refusal.wait {
            // A little later than told, so that not all come back at once.
            Some(told) => told.saturating_add(jitter(FIRST_PAUSE, chance)),
            None => jitter(grown(first, self.refusals, LONGEST_REFUSAL_PAUSE), chance),
        };
        self.rest(now, pause)
    }

    /// It failed; says until when it is left alone.
    pub(crate) fn failed(&mut self, now: Instant, chance: f64) -> Instant {
        self.failures = self.failures.saturating_add(1);
        let pause = pause(self.failures, chance);
        self.rest(now, pause)
    }

    /// One of its answers was an error, or none came while others did.
    pub(crate) const fn stumbled(&mut self) {
        self.failures = self.failures.saturating_add(1);
    }

    /// It is left alone for so long.
    pub(crate) fn rest(&mut self, now: Instant, pause: Duration) -> Instant {
        let until = now + pause.min(LONGEST_WAIT);
        let until = self.until.map_or(until, |known| known.max(until));
        self.until = Some(until);
        until
    }

    /// A request of so many keys was too large, or took too long.
    pub(crate) fn ask_less(&mut self, keys: usize) {
        // Even what it took before may be too much now.
        let often = self.refusals.max(self.failures) >= OFTEN;
        if keys <= FEWEST_KEYS || (keys.saturating_mul(2) <= self.took && !often) {
            return;
        }
        self.keys = self.keys.min(keys / 2).max(FEWEST_KEYS);
        if often {
            self.took = self.took.min(self.keys);
        }
    }
}

/// The pause before a call is tried again that failed so many times.
pub(crate) fn pause(failures: u32, chance: f64) -> Duration {
    jitter(grown(FIRST_PAUSE, failures, LONGEST_FAILURE_PAUSE), chance)
}

/// A first pause, doubled with each further time.
fn grown(first: Duration, times: u32, longest: Duration) -> Duration {
    let doublings = times.saturating_sub(1).min(16);
    first.saturating_mul(1 << doublings).min(longest)
}

/// Three to five quarters of a pause.
fn jitter(pause: Duration, chance: f64) -> Duration {
    pause.mul_f64(0.75 + chance.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(wait: Option<Duration>, policy: bool) -> Refusal {
        Refusal { words: "slower".into(), wait, policy, closed: false }
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
