//! Calls that the database has not answered yet: a server that hangs reports nothing by itself.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A call without an answer for this long is reported. No frequent call takes as long.
const LONG_WAIT: Duration = Duration::from_secs(8);
/// How often this is checked.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// The calls under way, in the order in which they were made.
#[derive(Default)]
pub struct Unanswered(Arc<Mutex<Questions>>);

#[derive(Default)]
struct Questions {
    asked: u64,
    open: BTreeMap<u64, (&'static str, Instant)>,
}

/// A call under way. It ends when this is dropped, with the answer or with its caller.
pub struct Question {
    number: u64,
    questions: Arc<Mutex<Questions>>,
}

fn lock(questions: &Mutex<Questions>) -> MutexGuard<'_, Questions> {
    questions.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Unanswered {
    /// Registers a call. Calls that read a whole record are left out, because they may take long.
    pub fn ask(&self, method: &'static str) -> Option<Question> {
        if matches!(method, "prune" | "record") {
            return None;
        }
        let mut questions = lock(&self.0);
        questions.asked = questions.asked.wrapping_add(1);
        let number = questions.asked;
        questions.open.insert(number, (method, Instant::now()));
        Some(Question { number, questions: Arc::clone(&self.0) })
    }

    /// The method that has waited longest for an answer, and how long, if that is long.
    pub fn longest(&self, now: Instant) -> Option<(&'static str, Duration)> {
        let (method, since) = lock(&self.0).open.values().copied().min_by_key(|(_, since)| *since)?;
        Some((method, now.saturating_duration_since(since))).filter(|(_, waited)| *waited >= LONG_WAIT)
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        lock(&self.questions).open.remove(&self.number);
    }
}

/// Logs once that the database does not answer, and once that it answers again; for ever.
pub async fn watch_database(unanswered: &Unanswered) -> Infallible {
    let mut is_logged = false;
    loop {
        tokio::time::sleep(LOOK_PAUSE).await;
        let silent = unanswered.longest(Instant::now());
        match silent {
            Some((method, waited)) if !is_logged => tracing::warn!(
                method,
                "the database has not answered for {} s: see whether its server hangs; the program waits, \
                 and nothing is lost",
                waited.as_secs()
            ),
            None if is_logged => tracing::info!("the database answers again"),
            _ => {}
        }
        is_logged = silent.is_some();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_question_is_told_until_it_is_answered() {
        let unanswered = Unanswered::default();
        let (begun, first) = (Instant::now(), unanswered.ask("commit"));
        let second = unanswered.ask("watermark");
        let later = begun + LONG_WAIT + Duration::from_secs(1);
        assert_eq!(unanswered.longest(begun), None);
        assert_eq!(unanswered.longest(later).map(|(method, _)| method), Some("commit"));
        drop(first);
        assert_eq!(unanswered.longest(later).map(|(method, _)| method), Some("watermark"));
        drop(second);
        assert_eq!(unanswered.longest(later), None);
        assert!(unanswered.ask("prune").is_none());
    }
}
