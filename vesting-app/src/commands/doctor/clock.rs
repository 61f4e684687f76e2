//! Compares this machine's clock with the chain.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use vesting_core::Millis;

use super::duration::{apart, span};
use super::finding::Finding;
use crate::clock::behind;

const CHECK: &str = "clock";
const SUBJECT: &str = "This machine";

/// A finalized head that is older than this is a sign of trouble.
const USUAL_AGE: u64 = 120_000;

/// The time of this machine.
pub fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    Millis(u64::try_from(since).unwrap_or(u64::MAX))
}

/// What the newest finalized block of all endpoints shows about the clock. A block from the future proves
/// that the clock is slow. An old block does not prove that it is fast: the chain or all endpoints may stand
/// still. `stale` is the age at which a record is stale.
pub fn finding(now: Millis, newest: Option<Millis>, stale: u64) -> Finding {
    let Some(newest) = newest else {
        return Finding::warning(CHECK, SUBJECT, "no endpoint gave a block to compare the clock with")
            .advise("see to the endpoints first");
    };
    let off = apart(now, newest);
    let clock = UNIX_EPOCH + Duration::from_millis(now.0);
    let finding = if let Some(behind) = behind(newest, clock) {
        Finding::problem(
            CHECK,
            SUBJECT,
            format!(
                "this machine's clock is slow by {} at least: the newest block is from the future",
                span(u64::try_from(behind.as_millis()).unwrap_or(u64::MAX))
            ),
        )
        .advise("set it: `sudo timedatectl set-ntp true`, then `timedatectl`")
    } else if newest > now || off <= USUAL_AGE {
        Finding::ok(CHECK, SUBJECT, "the clock and the newest finalized block agree")
    } else {
        let found = format!(
            "the newest finalized block of all endpoints is {} old: either this machine's clock is fast, or \
             they all stand still",
            span(off)
        );
        let finding = if off <= stale {
            Finding::warning(CHECK, SUBJECT, found)
        } else {
            Finding::problem(CHECK, SUBJECT, found)
        };
        finding
            .advise(
                "compare the clock with another one: `timedatectl` or `date -u`; `sudo timedatectl \
                 set-ntp true` sets it",
            )
            .advise("if the clock is right, look at the node or name other `endpoints`")
    };
    finding.fact("clock", crate::output::time(now)).fact("newest_block", crate::output::time(newest))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Status;
    use super::*;

    #[test]
    fn only_what_can_be_told_is_told() {
        let now = Millis(1_780_000_000_000);
        let stale = 600_000;
        let at = |ms: i64| finding(now, Some(Millis(now.0.saturating_add_signed(ms))), stale);
        for (ms, status, word) in [
            (0, Status::Ok, "agree"),
            (-30_000, Status::Ok, "agree"),
            (-120_000, Status::Ok, "agree"),
            (60_000, Status::Ok, "agree"),
            (60_001, Status::Problem, "slow by 60 s"),
            (7_200_000, Status::Problem, "slow by 2 h"),
            (-120_001, Status::Warning, "either"),
            (-600_001, Status::Problem, "clock is fast, or"),
        ] {
            let finding = at(ms);
            assert_eq!(finding.status, status, "{ms}: {}", finding.found);
            assert!(finding.found.contains(word), "{ms}: {}", finding.found);
            assert_eq!(finding.advice.is_empty(), status == Status::Ok, "{ms}");
        }
        assert_eq!(finding(now, None, stale).status, Status::Warning);
    }
}
