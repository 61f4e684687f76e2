//! `vesting digest`.

use serde::Serialize;
use vesting_core::BlockNumber;
use vesting_core::digest::{Range, Section, StateSummary};
use vesting_core::policy::Policy;

use super::Session;
use crate::cli::AsOfArgs;
use crate::output::table;
use crate::wiring;

#[derive(Serialize)]
struct Line {
    netuid: u16,
    /// The block and hash of the epoch.
    as_of: u64,
    hash: String,
    state_digest: String,
    policy_digest: String,
    /// Whether the record covers the window; if not, the digest is not yet that of others.
    complete: bool,
    incomplete_since: Option<u64>,
    genesis: String,
    registered_at: u64,
    window_start: u64,
    sections: Vec<Part>,
    entries: Vec<Blocks>,
}

#[derive(Serialize)]
struct Part {
    section: &'static str,
    rows: u64,
    digest: String,
}

/// The entries of one epoch of the window.
#[derive(Serialize)]
struct Blocks {
    from: u64,
    to: u64,
    rows: u64,
    digest: String,
}

impl From<&Range> for Blocks {
    fn from(range: &Range) -> Self {
        Self { from: range.from.0, to: range.to.0, rows: range.entries.rows, digest: range.entries.digest.to_string() }
    }
}

fn part(section: &'static str, of: Section) -> Part {
    Part { section, rows: of.rows, digest: of.digest.to_string() }
}

impl Line {
    fn of(summary: &StateSummary, policy: &Policy) -> Self {
        Self {
            netuid: summary.netuid.0,
            as_of: summary.as_of.number.0,
            hash: summary.as_of.hash.to_string(),
            state_digest: summary.digest().to_string(),
            policy_digest: policy.digest().to_string(),
            complete: summary.incomplete_since.is_none(),
            incomplete_since: summary.incomplete_since.map(|block| block.0),
            genesis: summary.genesis.to_string(),
            registered_at: summary.registered_at.0,
            window_start: summary.start.0,
            sections: vec![
                part("neurons", summary.neurons),
                part("holders", summary.holders),
                part("successions", summary.successions),
                part("openings", summary.openings),
                part("entries", summary.entries()),
                part("multipliers", summary.multipliers),
            ],
            entries: summary.ranges.iter().map(Blocks::from).collect(),
        }
    }
}

pub async fn run(session: &mut Session, args: &AsOfArgs) -> anyhow::Result<()> {
    let store = session.record()?;
    let netuid = wiring::shown(&session.config, store.as_ref()).await?;
    let policy = session.config.policy(netuid);
    let (_, state) = wiring::tracker(&store).state(netuid, policy, args.as_of.map(BlockNumber)).await?;
    let line = Line::of(&state.summary(), policy);
    if session.json {
        return session.out.json(&line);
    }
    let mut rows = table(&["figure", "value"]);
    rows.add_row(["subnet".to_owned(), line.netuid.to_string()]);
    rows.add_row(["as of block".to_owned(), line.as_of.to_string()]);
    rows.add_row(["hash".to_owned(), line.hash]);
    rows.add_row(["state digest".to_owned(), line.state_digest]);
    rows.add_row(["policy digest".to_owned(), line.policy_digest]);
    let since = |block| format!("no: the record begins at block {block}, inside the window, and the digest is not that of others yet");
    rows.add_row(["complete".to_owned(), line.incomplete_since.map_or_else(|| "yes".to_owned(), since)]);
    for part in line.sections {
        rows.add_row([format!("{} ({})", part.section, part.rows), part.digest]);
    }
    session.out.line(rows.to_string())
}
