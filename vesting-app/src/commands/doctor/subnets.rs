//! Findings about the followed subnets: whether they exist, and whether the state that their records need is
//! available.

use std::collections::BTreeMap;

use vesting_core::{BlockNumber, Millis, NetUid};

use super::duration::{BLOCK, span};
use super::finding::Finding;
use super::probe::{Answers, Need, Subnet};
use super::record::Database;
use crate::config::Config;

/// A pruning node still has the state this far behind the head when a user has read the message.
const RECENT: u64 = 100;

/// The state that each subnet needs: at the end of its record, or else at the start of a window that ends
/// now.
pub fn needs(config: &Config, database: &Database) -> BTreeMap<NetUid, Need> {
    let need_of = |netuid: &NetUid| match database.records.get(netuid) {
        Some(record) => Need::Recorded(record.watermark.block.number),
        None => Need::Before(config.policy(*netuid).retention_window.0.div_ceil(BLOCK)),
    };
    config.netuids.iter().map(|netuid| (*netuid, need_of(netuid))).collect()
}

/// The findings about each subnet. `usable` are the endpoints that serve the chain.
pub fn findings(
    config: &Config,
    database: &Database,
    needs: &BTreeMap<NetUid, Need>,
    usable: &[&Answers],
) -> Vec<Finding> {
    if config.netuids.is_empty() {
        let finding =
            Finding::problem("subnet_exists", "Subnets", "no subnet is named, so nothing would be followed")
                .advise("`--netuid N`, VESTING_NETUIDS=N, or `netuids = [N]` in vesting.toml");
        return vec![finding];
    }
    let Some(best) = usable.iter().max_by_key(|answers| answers.head.map(|head| head.number)) else {
        return Vec::new();
    };
    let Some(head) = best.head.map(|head| head.number) else { return Vec::new() };
    let mut findings = Vec::new();
    for (netuid, need) in needs {
        let subject = format!("Subnet {netuid}");
        let recorded = database.records.contains_key(netuid);
        match best.subnets.get(netuid) {
            Some(Some(subnet)) => {
                findings.push(there(&subject, subnet));
                findings.push(next_epoch(&subject, subnet, *netuid, head, best.time));
                findings.push(state(&subject, *netuid, *need, head, usable));
            }
            _ if recorded => findings.push(
                Finding::warning(
                    "subnet_exists",
                    &subject,
                    format!("does not exist at block {head}; its record does"),
                )
                .advise("it was dissolved: leave it out of `netuids` once its record is of no use"),
            ),
            _ => findings.push(
                Finding::problem("subnet_exists", &subject, format!("does not exist at block {head}"))
                    .advise("check `netuids` and `network`"),
            ),
        }
    }
    findings
}

fn there(subject: &str, subnet: &Subnet) -> Finding {
    const CHECK: &str = "subnet_exists";
    let found =
        format!("exists since block {}, with {} neurons", subnet.counters.registered_at, subnet.neurons);
    let finding = match subnet.neurons {
        0 => Finding::warning(CHECK, subject, found)
            .advise("nobody is registered: there is nothing to follow yet"),
        _ => Finding::ok(CHECK, subject, found),
    };
    finding.fact("neurons", subnet.neurons).fact("registered_at", subnet.counters.registered_at.0)
}

/// When the next epoch is due, by the schedule of the chain's generation. An epoch may be delayed, skipped or
/// triggered.
fn next_epoch(
    subject: &str,
    subnet: &Subnet,
    netuid: NetUid,
    head: BlockNumber,
    time: Option<Millis>,
) -> Finding {
    const CHECK: &str = "subnet_epoch";
    let counters = &subnet.counters;
    let (last, tempo) = (counters.last_step_block, u64::from(counters.tempo));
    if tempo == 0 {
        return Finding::warning(CHECK, subject, "its tempo is 0: it has no epochs")
            .advise("nothing can be earned on it");
    }
    let due = match counters.last_epoch_block {
        Some(before) => BlockNumber(before.0.saturating_add(tempo)),
        // An epoch is due if (block + netuid + 2) is a multiple of tempo + 1.
        None => {
            let (from, period) = (head.0.saturating_add(1), tempo + 1);
            let into = from.saturating_add(u64::from(netuid.0) + 2) % period;
            BlockNumber(from.saturating_add((period - into) % period))
        }
    };
    let left = due.0.saturating_sub(head.0);
    let found = format!(
        "the last in block {last}, the next due in block {due}, in about {}",
        span(left.saturating_mul(BLOCK))
    );
    Finding::ok(CHECK, subject, found)
        .fact("last_epoch", last.0)
        .fact("tempo", counters.tempo)
        .fact("next_epoch", due.0)
        .fact(
            "next_epoch_time",
            time.map(|time| crate::output::time(Millis(time.0.saturating_add(left.saturating_mul(BLOCK))))),
        )
}

/// Whether any endpoint has the state from which a record continues or begins.
fn state(subject: &str, netuid: NetUid, need: Need, head: BlockNumber, usable: &[&Answers]) -> Finding {
    const CHECK: &str = "subnet_state";
    let recent = head.0.saturating_sub(RECENT).max(1);
    let why = match need {
        Need::Recorded(_) => "where its record goes on",
        Need::Before(_) => "about where its window begins",
    };
    let state_of = |answers: &&Answers| answers.states.get(&netuid).copied();
    let has = |answers: &&&Answers| state_of(answers).is_some_and(|(_, there)| there);
    let Some((block, _)) = usable.iter().filter_map(state_of).max() else {
        return Finding::warning(
            CHECK,
            subject,
            format!("no endpoint answered whether it has the state {why}"),
        )
        .advise("look again later: what they answered is above");
    };
    let finding = match usable.iter().find(has) {
        Some(answers) => Finding::ok(
            CHECK,
            subject,
            format!("the state of block {block}, {why}, is available from {}", answers.url),
        ),
        None => {
            let finding = Finding::problem(
                CHECK,
                subject,
                format!("no endpoint has the state of block {block}, {why}"),
            )
            .advise(
                "name an archive endpoint, on Finney `--archive-endpoints \
                 wss://archive.chain.opentensor.ai:443`",
            );
            match need {
                Need::Recorded(_) => finding.advise(
                    "or take another validator's fresh record: \
                     `vesting db import FILE --database-url sqlite://other.db`",
                ),
                Need::Before(_) => finding
                    .advise("or take another validator's record: `vesting db import FILE`")
                    .advise(format!(
                        "or begin now, and cover the window over time: `vesting catch-up --from {recent}`, \
                         then `vesting run`"
                    )),
            }
        }
    };
    finding.fact("needs_state_of", block.0)
}
