//! What keeps a call from its right answer.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use jsonrpsee::types::{ErrorObjectOwned, Params};

use super::answer::{Answer, error, policy};
use super::fault::Fault;
use super::params::keys_of;
use super::spoil::Spoil;
use super::state::Node;

/// What keeps a call from its right answer.
enum Hindrance {
    /// There is never an answer.
    Silence,
    /// The answer is this error.
    Refusal(ErrorObjectOwned),
    /// The answer is spoilt in this way.
    Spoil(Spoil),
}

impl Node {
    /// Answers a call, as far as nothing hinders it.
    pub(super) async fn respond(&self, method: &str, params: &Params<'static>) -> Answer {
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
        self.count(method);
        let (call, hindrance) = self.hindrance(method, params);
        let answer = match hindrance {
            None => self.answer(call, method, params),
            Some(Hindrance::Silence) => std::future::pending().await,
            Some(Hindrance::Refusal(refusal)) => Err(refusal),
            Some(Hindrance::Spoil(how)) => {
                self.answer(call, method, params).and_then(|answer| how.apply(&answer, call))
            }
        };
        let bytes = answer.as_ref().map_or(0, |answer| answer.get().len());
        self.bytes.fetch_add(u64::try_from(bytes).unwrap_or(0), Ordering::Relaxed);
        answer
    }

    /// Counts a call. Returns its number, and what keeps it from its right answer.
    fn hindrance(&self, method: &str, params: &Params<'static>) -> (u64, Option<Hindrance>) {
        let calls = self.calls.fetch_add(1, Ordering::Relaxed);
        let keys = if method == "state_queryStorageAt" { keys_of(params) } else { 0 };
        self.keys.fetch_add(keys, Ordering::Relaxed);
        let found = self.faults.iter().find_map(|fault| match fault {
            Fault::Stall(after) if calls >= *after => Some(Hindrance::Silence),
            Fault::Swallow(every) if calls % every == every - 1 => Some(Hindrance::Silence),
            Fault::Spoil { how, .. } if method == how.method() && self.spoils(calls) == Some(*how) => {
                Some(Hindrance::Spoil(*how))
            }
            Fault::Refuse(every) if calls % every == every - 1 => Some(Hindrance::Refusal(error(
                -32_999,
                "Too many requests: the rate limit of this endpoint is reached".into(),
            ))),
            Fault::Error { code, every } if calls % every == every - 1 => {
                Some(Hindrance::Refusal(error(*code, "Something is wrong behind this node".into())))
            }
            Fault::Keys(most) if keys > u64::from(*most) => Some(Hindrance::Refusal(policy(None))),
            Fault::KeysPerSecond(most) => {
                self.meter(keys, u64::from(*most)).map(|wait| Hindrance::Refusal(policy(Some(wait))))
            }
            _ => None,
        });
        (calls, found)
    }

    /// How the answer to a call about storage or hashes is spoilt, if it is.
    pub(super) fn spoils(&self, call: u64) -> Option<Spoil> {
        self.faults.iter().find_map(|fault| match fault {
            Fault::Spoil { how, every } if how.comes(call, *every) => Some(*how),
            _ => None,
        })
    }

    /// How long to wait before this many keys may be asked for, where they are too many for this second. A
    /// request that exceeds the limit of a whole second is always refused.
    fn meter(&self, keys: u64, most: u64) -> Option<Duration> {
        let mut metered = self.metered.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let (begun, used) =
            metered.filter(|(begun, _)| now.duration_since(*begun) < second).unwrap_or((now, 0));
        if used.saturating_add(keys) > most {
            return Some(second.saturating_sub(now.duration_since(begun)));
        }
        *metered = Some((begun, used.saturating_add(keys)));
        None
    }
}
