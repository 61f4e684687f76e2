//! Whether weights may be asked for, and why not.

use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{Object, ObjectBuilder, Type};
use vesting_core::NetUid;

use super::daemon::State;
use super::last_error::LastError;
use super::obstacle::Obstacle;
use super::role::Role;
use super::subnet::Subnet;
use crate::clock::{age, shown};
use crate::output::time;

/// The chain's block time.
const BLOCK: Duration = Duration::from_secs(12);

/// A record so many blocks behind is taken up one by one, so it is as good as there.
const NEAR: u64 = 16;

/// Whether the daemon is ready.
#[derive(Debug, Serialize, ToSchema)]
pub struct Readiness {
    /// Whether weights may be asked for.
    pub ready: bool,
    /// Why not; empty where it is ready.
    pub reasons: Vec<String>,
    /// The highest block known to be finalized; null where no chain is asked.
    pub head: Option<u64>,
    /// What went wrong last, with any subnet or before any was followed; first what still holds.
    pub last_error: Option<Failure>,
    /// Where a runtime of the chain contradicts its storage, so that its own word is taken; empty where none
    /// does, or where no chain is asked.
    pub degraded: Vec<String>,
    /// How many seconds this machine's clock is behind the chain at least; null where it is not.
    pub clock_behind_seconds: Option<u64>,
    pub subnets: Vec<SubnetReadiness>,
}

/// What is told where a token is asked for and none is shown, or where none is set and others than this
/// machine may ask.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadinessSummary {
    /// Whether weights may be asked for.
    pub ready: bool,
    pub subnets: Vec<SubnetReadinessSummary>,
}

/// One subnet, as anybody may know it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubnetReadinessSummary {
    pub netuid: u16,
    /// Whether nothing is wrong with this subnet.
    pub ready: bool,
}

impl From<&Readiness> for ReadinessSummary {
    fn from(readiness: &Readiness) -> Self {
        let of =
            |subnet: &SubnetReadiness| SubnetReadinessSummary { netuid: subnet.netuid, ready: subnet.ready };
        Self { ready: readiness.ready, subnets: readiness.subnets.iter().map(of).collect() }
    }
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct Failure {
    /// What went wrong.
    pub error: String,
    /// When.
    pub at: String,
    /// Whether nothing has been taken in since.
    pub holds: bool,
}

impl Failure {
    fn of(error: &LastError) -> Self {
        Self { error: error.message.clone(), at: shown(error.at), holds: error.holds }
    }
}

/// One subnet.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubnetReadiness {
    /// The subnet.
    pub netuid: u16,
    /// Whether weights may be asked for.
    pub ready: bool,
    /// Why not; empty where it is ready.
    pub reasons: Vec<String>,
    #[schema(schema_with = role_names)]
    pub role: &'static str,
    /// Who records it, where others do.
    pub recorded_by: Option<String>,
    /// The last block of its record.
    pub block: Option<u64>,
    /// The time of that block.
    #[schema(format = "date-time")]
    pub block_time: Option<String>,
    /// How old that is by this machine's clock.
    pub block_age_seconds: Option<u64>,
    /// How old it may be.
    pub stale_after_seconds: u64,
    /// How many blocks the finalized head is ahead; null where no chain is asked.
    pub lag_blocks: Option<u64>,
    /// The newest epoch that there are figures of.
    pub as_of: Option<u64>,
    /// Whether the record covers the window of that epoch.
    pub covered: bool,
    /// Where the record begins, when that is inside the window.
    pub incomplete_since: Option<u64>,
    /// What went wrong last while it was followed.
    pub last_error: Option<Failure>,
}

/// The schema of a role: the names there are.
fn role_names() -> Object {
    let text = "Whether this process records it, waits for the one that does, or only reads.";
    let names = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(Role::NAMES));
    names.description(Some(text)).build()
}

impl Readiness {
    fn of(state: &State, stale_after: Duration, now: SystemTime) -> Self {
        let head = state.head().map(|head| head.0);
        let mut reasons = Vec::new();
        if !state.is_begun() {
            reasons.push("following has not begun yet".to_owned());
        }
        if let Some(obstacle) = state.start_error().filter(|error| error.holds).and_then(|error| error.kind) {
            reasons.push(obstacle.message());
        }
        let subnets: Vec<SubnetReadiness> = state
            .subnets()
            .iter()
            .map(|(netuid, subnet)| SubnetReadiness::of(*netuid, subnet, head, stale_after, now))
            .collect();
        if subnets.is_empty() {
            reasons.push("nothing is recorded yet".to_owned());
        }
        reasons.extend(
            subnets.iter().flat_map(|subnet| {
                subnet.reasons.iter().map(|why| format!("subnet {}: {why}", subnet.netuid))
            }),
        );
        if let Some((method, waited)) = state.unanswered.longest(Instant::now()) {
            reasons.push(format!(
                "the database has not answered for {} s (`{method}`): see whether its server hangs",
                waited.as_secs()
            ));
        }
        let clock_behind = state.clock_behind(now);
        // By such a clock no record is ever old.
        if let Some(behind) = clock_behind.filter(|behind| *behind > stale_after) {
            reasons.push(format!(
                "this machine's clock is {} s behind the chain, so that nobody can tell how old the record \
                 is: set it",
                behind.as_secs()
            ));
        }
        let last_error = state.last_error().as_ref().map(Failure::of);
        Self {
            ready: reasons.is_empty(),
            reasons,
            head,
            last_error,
            degraded: state.degraded(),
            clock_behind_seconds: clock_behind.map(|behind| behind.as_secs()),
            subnets,
        }
    }
}

impl State {
    /// Every subnet, judged by this machine's clock.
    pub fn readiness(&self, now: SystemTime) -> Readiness {
        Readiness::of(self, self.stale_after, now)
    }
}

impl SubnetReadiness {
    fn of(
        netuid: NetUid,
        subnet: &Subnet,
        head: Option<u64>,
        stale_after: Duration,
        now: SystemTime,
    ) -> Self {
        let obstacle = subnet.last_error.as_ref().filter(|error| error.holds).and_then(|error| error.kind);
        let mut reasons: Vec<String> = obstacle.map(Obstacle::message).into_iter().collect();
        let block = subnet.watermark.map(|record| record.block.number.0);
        let old = subnet.watermark.map(|record| age(record.time, now));
        let lag = block.and_then(|block| head.map(|head| head.saturating_sub(block)));
        match old {
            None => {
                reasons.push(subnet.waiting.clone().unwrap_or_else(|| "nothing is recorded yet".to_owned()))
            }
            Some(old) if old > stale_after => {
                reasons.push(format!(
                    "its last block is {} s old, more than `stale_after_seconds` ({})",
                    old.as_secs(),
                    stale_after.as_secs()
                ));
            }
            Some(_) => {}
        }
        let longest = (stale_after.as_secs() / BLOCK.as_secs()).max(NEAR);
        if let Some(lag) = lag.filter(|lag| *lag > longest) {
            reasons.push(format!("it is {lag} blocks behind the finalized head, more than {longest}"));
        }
        let incomplete_since =
            subnet.figures.as_ref().and_then(|figures| figures.incomplete_since).map(|block| block.0);
        match (&subnet.figures, incomplete_since) {
            (None, _) if block.is_some() => reasons.push("no epoch has been looked at yet".to_owned()),
            (_, Some(since)) => reasons.push(format!(
                "its record begins at block {since}, inside the window, so every multiplier is 1"
            )),
            _ => {}
        }
        let recorded_by = match &subnet.role {
            Role::Standby { by } => Some(by.clone()),
            _ => None,
        };
        Self {
            netuid: netuid.0,
            ready: reasons.is_empty(),
            reasons,
            role: subnet.role.name(),
            recorded_by,
            block,
            block_time: subnet.watermark.map(|record| time(record.time)),
            block_age_seconds: old.map(|old| old.as_secs()),
            stale_after_seconds: stale_after.as_secs(),
            lag_blocks: lag,
            as_of: subnet.figures.as_ref().map(|figures| figures.as_of.block.number.0),
            covered: subnet.figures.is_some() && incomplete_since.is_none(),
            incomplete_since,
            last_error: subnet.last_error.as_ref().map(Failure::of),
        }
    }
}

#[cfg(test)]
mod tests {
    use vesting_core::ports::Watermark;
    use vesting_core::{BlockNumber, BlockRef, Epoch, Millis};

    use super::*;
    use crate::state::Figures;

    const NOW: u64 = 2_000_000_000;

    /// A record that stands at block 1000, so old, with figures where it has been looked at.
    fn subnet(age: u64, incomplete_since: Option<Option<u64>>) -> Subnet {
        let block = BlockRef { number: BlockNumber(1_000), hash: vesting_core::BlockHash::default() };
        let time = Millis((NOW - age) * 1_000);
        let watermark = Watermark {
            block,
            time,
            first_block: BlockNumber(1),
            first_time: time,
            observed: block.number,
            spec_version: 1,
        };
        let epoch =
            Epoch { block, pre_block: block, time, index: None, tempo: 10, registered_at: BlockNumber(0) };
        let figures = incomplete_since.map(|since| Figures {
            as_of: epoch,
            incomplete_since: since.map(BlockNumber),
            neurons: std::collections::BTreeMap::new(),
            multipliers: None,
            holders: 0,
            unattributed: 0,
            rounding: 0,
        });
        Subnet { watermark: Some(watermark), figures, ..Subnet::default() }
    }

    fn judged(subnet: &Subnet, head: Option<u64>, stale_after: u64) -> SubnetReadiness {
        SubnetReadiness::of(
            NetUid(2),
            subnet,
            head,
            Duration::from_secs(stale_after),
            SystemTime::UNIX_EPOCH + Duration::from_secs(NOW),
        )
    }

    #[test]
    fn every_reason_is_given() {
        let fine = judged(&subnet(600, Some(None)), Some(1_050), 600);
        assert_eq!(
            (fine.ready, fine.covered, fine.lag_blocks, fine.block_age_seconds),
            (true, true, Some(50), Some(600))
        );
        let old = judged(&subnet(601, Some(None)), Some(1_000), 600);
        assert!(!old.ready && old.reasons[0].contains("601 s old"), "{old:?}");
        let behind = judged(&subnet(0, Some(None)), Some(1_051), 600);
        assert!(!behind.ready && behind.reasons[0].contains("51 blocks behind"), "{behind:?}");
        // A few blocks are nothing, however little may be stale.
        assert!(
            judged(&subnet(0, Some(None)), Some(1_016), 1).ready
                && !judged(&subnet(0, Some(None)), Some(1_017), 1).ready
        );
        let inside = judged(&subnet(0, Some(Some(7))), None, 600);
        assert!(!inside.ready && !inside.covered && inside.reasons[0].contains("block 7"), "{inside:?}");
        let unseen = judged(&subnet(0, None), None, 600);
        assert!(!unseen.ready && !unseen.covered && unseen.reasons.len() == 1, "{unseen:?}");
        let none = judged(
            &Subnet { role: Role::Standby { by: "process 7".into() }, ..Subnet::default() },
            Some(9),
            600,
        );
        assert_eq!(
            (none.reasons.as_slice(), none.recorded_by.as_deref()),
            (&["nothing is recorded yet".to_owned()][..], Some("process 7"))
        );
        // All of them at once.
        assert_eq!(judged(&subnet(601, Some(Some(7))), Some(2_000), 600).reasons.len(), 3);
    }
}
