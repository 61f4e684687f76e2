//! Findings about the endpoints, which are compared with each other.

use serde_json::json;
use vesting_chain::Capabilities;
use vesting_chain::facts::{Fact, Facts, MEASURED, Standing};
use vesting_chain::surface::Unknown;
use vesting_core::{BlockHash, BlockNumber, Millis};

use super::duration::{BLOCK, ago, apart, span};
use super::finding::Finding;
use super::probe::{Answers, Depth};

/// How many blocks behind the best endpoint are usual: two minutes.
const USUAL_LAG: u64 = 10;
/// How many blocks behind are a problem: ten minutes.
const TOO_FAR_BEHIND: u64 = 50;
/// A slower answer makes catching up slow.
const SLOW_MS: u128 = 2_000;

/// The genesis that all should serve: the database's, or that of the first endpoint that answered.
pub fn expected_genesis(stored: Option<BlockHash>, all: &[Answers]) -> Option<BlockHash> {
    stored.or_else(|| all.iter().find_map(|answers| answers.genesis))
}

/// The endpoints that can be read and that serve the expected chain.
pub fn usable(all: &[Answers], genesis: Option<BlockHash>) -> Vec<&Answers> {
    all.iter().filter(|answers| answers.is_usable() && answers.genesis == genesis).collect()
}

/// The findings about each endpoint.
pub fn findings(all: &[Answers], stored: Option<BlockHash>, now: Millis) -> Vec<Finding> {
    let genesis = expected_genesis(stored, all);
    let usable = usable(all, genesis);
    let best = usable.iter().filter_map(|answers| answers.head).map(|head| head.number).max();
    let mut findings = Vec::new();
    for answers in all {
        let others = usable.iter().any(|other| other.url != answers.url);
        findings.push(reachable(answers, others));
        findings.extend(answers.genesis.map(|own| same_chain(answers, own, stored, genesis)));
        // An endpoint of another chain is not checked further.
        if answers.genesis != genesis {
            continue;
        }
        findings.extend(answers.head.map(|head| lag(answers, head.number, best, now)));
        findings.extend(runtime(answers));
        findings.extend(measured(answers));
        findings.extend(unknown(answers));
        findings.extend(agreement(answers));
        findings.extend(state(answers));
    }
    findings
}

fn reachable(answers: &Answers, others: bool) -> Finding {
    const CHECK: &str = "endpoint_reachable";
    match (&answers.stopped, answers.latency) {
        (Some(why), _) => {
            let finding = if others {
                Finding::warning(CHECK, &answers.url, why)
            } else {
                Finding::problem(CHECK, &answers.url, why)
            };
            if others {
                finding.advise(
                    "another endpoint is used meanwhile; leave this one out of `endpoints` if it stays so",
                )
            } else {
                finding.advise(
                    "start the node, or name another one: `--network finney`, or `--endpoints \
                     ws://HOST:9944`",
                )
            }
        }
        (None, latency) => {
            let ms = latency.map_or(0, |latency| latency.as_millis());
            let found = format!("answers in {ms} ms");
            let finding = if ms > SLOW_MS {
                Finding::warning(CHECK, &answers.url, found)
                    .advise("catching up will be slow: put a nearer endpoint first in `endpoints`")
            } else {
                Finding::ok(CHECK, &answers.url, found)
            };
            finding.fact("latency_ms", u64::try_from(ms).unwrap_or(u64::MAX))
        }
    }
}

fn same_chain(
    answers: &Answers,
    own: BlockHash,
    stored: Option<BlockHash>,
    expected: Option<BlockHash>,
) -> Finding {
    const CHECK: &str = "endpoint_genesis";
    let finding = match (stored, expected) {
        (Some(stored), _) if stored != own => Finding::problem(
            CHECK,
            &answers.url,
            format!("serves another chain than the database's: genesis {own}, not {stored}"),
        )
        .advise(
            "name endpoints of that chain (`--network`, `--endpoints`), or another \
             `--database-url` for this one",
        ),
        (None, Some(expected)) if expected != own => Finding::problem(
            CHECK,
            &answers.url,
            format!(
                "serves another chain than the first endpoint that answered: genesis {own}, not {expected}"
            ),
        )
        .advise("leave it out of `endpoints` and `archive_endpoints`"),
        _ => Finding::ok(CHECK, &answers.url, own),
    };
    finding.fact("genesis", own.to_string())
}

fn lag(answers: &Answers, head: BlockNumber, best: Option<BlockNumber>, now: Millis) -> Finding {
    const CHECK: &str = "endpoint_head";
    let behind = best.map_or(0, |best| best.0.saturating_sub(head.0));
    let age = answers.time.map_or_else(String::new, |time| format!(", {}", ago(now, time)));
    let mut found = format!("finalized block {head}{age}");
    if behind > 0 {
        found += &format!(", {behind} blocks behind the best endpoint");
    }
    let finding = match behind {
        ..=USUAL_LAG => Finding::ok(CHECK, &answers.url, found),
        _ if behind < TOO_FAR_BEHIND => Finding::warning(CHECK, &answers.url, found)
            .advise("look again in a minute: it may be catching up"),
        _ => Finding::problem(CHECK, &answers.url, found).advise(
            "look at the node: it has stopped, or is still synchronizing; until then leave it out \
             of `endpoints` or put it last",
        ),
    };
    finding
        .fact("head", head.0)
        .fact("head_time", answers.time.map(crate::output::time))
        .fact("head_age_seconds", answers.time.map(|time| apart(now, time) / 1_000))
        .fact("lag_blocks", behind)
}

/// What a runtime lacks, and what follows from that.
fn lacking(has: Capabilities) -> Vec<(&'static str, &'static str)> {
    let all = [
        (
            has.incentive_event,
            "incentive_event",
            "incentive is not announced: the whole emission of a position counts as its reward",
        ),
        (has.auto_stake, "auto_stake", "incentive that the chain stakes elsewhere is not told apart"),
        (has.shares(), "shares", "the runtime is asked for each position: slower"),
        (has.epoch_index, "epoch_index", "the chain does not count epochs: a skipped one is not reported"),
        (has.fee_in_alpha, "fee_in_alpha", "fees paid in alpha are not named as such"),
        (
            has.stake_api,
            "stake_api",
            "positions worked out from storage cannot be compared with the runtime's own answer",
        ),
        (has.locks_api, "locks_api", "`locked_stake` stays unknown"),
        (has.counters, "counters", "the runtime is asked for a subnet's counters: slower"),
    ];
    all.into_iter().filter(|(there, ..)| !there).map(|(_, name, follows)| (name, follows)).collect()
}

fn runtime(answers: &Answers) -> Option<Finding> {
    const CHECK: &str = "endpoint_runtime";
    if let Some(why) = &answers.unread {
        let finding = Finding::problem(CHECK, &answers.url, why)
            .advise("install a newer version of vesting, if there is one")
            .advise("or report it with what this writes: `vesting doctor --capture 20`");
        return Some(finding);
    }
    let (spec_version, has) = answers.runtime?;
    let lacking = lacking(has);
    let names: Vec<&str> = lacking.iter().map(|(name, _)| *name).collect();
    let finding = if lacking.is_empty() {
        Finding::ok(CHECK, &answers.url, format!("spec {spec_version} has everything that is used"))
    } else {
        let found = format!("spec {spec_version} lacks {}", names.join(", "));
        let finding = Finding::warning(CHECK, &answers.url, found);
        lacking.iter().fold(finding, |finding, (name, follows)| finding.advise(format!("{name}: {follows}")))
    };
    Some(finding.fact("spec_version", spec_version).fact("lacks", json!(names)))
}

/// Whether the rules of the runtime were measured, or are assumed.
fn measured(answers: &Answers) -> Option<Finding> {
    const CHECK: &str = "endpoint_measured";
    let (spec_version, _) = answers.runtime?;
    let facts = Facts::of(spec_version);
    let all = MEASURED.map(|spec| spec.to_string()).join(", ");
    let beyond = |side: &str| {
        Finding::warning(
            CHECK,
            &answers.url,
            format!(
                "spec {spec_version} is {side} than any that was measured ({all}): the rules of those \
                 are assumed"
            ),
        )
        .advise(
            "balances are read at every epoch whatever the events say, and what does not fit is booked \
             as `unattributed`: look at `vesting stats`",
        )
        .advise(
            "install a newer version of vesting, if there is one; else send what this writes: `vesting \
             doctor --capture 20`",
        )
    };
    let finding = match facts.standing() {
        Standing::Measured => {
            Finding::ok(CHECK, &answers.url, format!("the rules of spec {spec_version} were measured"))
        }
        Standing::Between { below, above } => Finding::ok(
            CHECK,
            &answers.url,
            format!("spec {spec_version} lies between two that were measured, {below} and {above}"),
        ),
        Standing::Older => beyond("older"),
        Standing::Newer => beyond("newer"),
    };
    let rule =
        |fact: &Fact| json!({ "rule": fact.rule.name(), "says": fact.says, "found": fact.found.words() });
    Some(
        finding
            .fact("measured", json!(MEASURED))
            .fact("rules", facts.in_force().map(rule).collect::<Vec<_>>()),
    )
}

/// How many names of one meaning are printed; JSON has all.
const NAMES: usize = 12;

/// What may affect stake in the runtime and is not known in this form.
fn unknown(answers: &Answers) -> Option<Finding> {
    const CHECK: &str = "endpoint_unknown";
    let (spec_version, _) = answers.runtime?;
    let count = answers.unknown.len();
    if count == 0 {
        let found = format!("every item of spec {spec_version} that affects stake is known");
        return Some(Finding::ok(CHECK, &answers.url, found).fact("unknown", json!([])));
    }
    let found =
        format!("{count} items of spec {spec_version} that may affect stake are not known in this form");
    let mut finding = Finding::warning(CHECK, &answers.url, found);
    for some in answers.unknown.chunk_by(|one, other| one.meaning() == other.meaning()) {
        let shown: Vec<String> = some.iter().take(NAMES).map(|unknown| unknown.item.to_string()).collect();
        let more = some.len().saturating_sub(shown.len());
        let more = if more > 0 { format!(" and {more} more (`--json` has all)") } else { String::new() };
        let meaning = some.first().map_or("", Unknown::meaning);
        finding = finding.advise(format!("{}{more}: {meaning}", shown.join(", ")));
    }
    let item = |unknown: &Unknown| {
        json!({
            "kind": unknown.item.kind.name(),
            "name": unknown.item.to_string(),
            "shape": unknown.item.shape,
            "reshaped": unknown.reshaped,
            "meaning": unknown.meaning(),
        })
    };
    Some(finding.fact("unknown", answers.unknown.iter().map(item).collect::<Vec<_>>()))
}

fn agreement(answers: &Answers) -> Option<Finding> {
    const CHECK: &str = "endpoint_agreement";
    let disagreements = answers.disagreements.as_ref()?;
    Some(match disagreements.first() {
        None => Finding::ok(
            CHECK,
            &answers.url,
            "storage and the runtime's own answer agree on a sample of positions",
        ),
        Some(first) => Finding::warning(CHECK, &answers.url, first).advise(
            "compare with another endpoint; if all disagree, report it with what this writes: \
             `vesting doctor --capture 20`",
        ),
    })
}

fn state(answers: &Answers) -> Option<Finding> {
    const CHECK: &str = "endpoint_state";
    let head = answers.head?.number;
    Some(match answers.depth? {
        Depth::Enough(block) => {
            Finding::ok(CHECK, &answers.url, format!("goes back to block {block} at least, which is enough"))
                .fact("has_state_of", block.0)
        }
        Depth::Since(block) => {
            let kept = head.0.saturating_sub(block.0);
            let found = format!(
                "goes back to about block {block} only: {kept} blocks, or {}",
                span(kept.saturating_mul(BLOCK))
            );
            Finding::ok(CHECK, &answers.url, found).fact("oldest_state", block.0).fact("blocks_kept", kept)
        }
    })
}
