//! `vesting ledger`.

use serde::Serialize;
use vesting_core::interval::closing;
use vesting_core::{BlockNumber, Entry};

use super::args::RangeArgs;
use super::session::Session;
use crate::output::{alpha, say, short, table};
use crate::wiring;

#[derive(Serialize)]
struct LedgerLine {
    netuid: u16,
    block: u64,
    event_index: Option<u32>,
    phase: Option<String>,
    hotkey: String,
    coldkey: String,
    kind: &'static str,
    flow: &'static str,
    alpha_rao: String,
}

impl From<&Entry> for LedgerLine {
    fn from(entry: &Entry) -> Self {
        Self {
            netuid: entry.netuid.0,
            block: entry.block.0,
            event_index: entry.source.map(|s| s.event_index),
            phase: entry.source.map(|s| s.phase.to_string()),
            hotkey: entry.key.hotkey.to_string(),
            coldkey: entry.key.coldkey.to_string(),
            kind: entry.kind.name(),
            flow: entry.flow().name(),
            alpha_rao: entry.alpha.to_string(),
        }
    }
}

pub async fn run(session: &mut Session, args: &RangeArgs) -> anyhow::Result<()> {
    let store = session.open_record()?;
    let netuid = wiring::subnet_to_show(&session.config, store.as_ref()).await?;
    let Some(state) = store.ledger_state(netuid).await? else {
        anyhow::bail!(
            "there is no record of subnet {netuid}: run `vesting catch-up --netuid {netuid}` first"
        );
    };
    let to = args.to.map_or(state.watermark.block.number, BlockNumber);
    let mut entries = store.entries(netuid, BlockNumber(args.from), to).await?;
    let watermark = state.watermark;
    if to >= watermark.block.number && args.from <= watermark.block.number.0 {
        match closing(store.as_ref(), netuid, &state).await? {
            Some(closing) => entries.extend(closing),
            None => say(format!(
                "note: positions were last read at block {}, so rounding after it is not in the sums yet; \
                 `vesting catch-up` reads them",
                watermark.observed
            )),
        }
    }
    if session.json {
        for entry in &entries {
            session.out.json(&LedgerLine::from(entry))?;
        }
        return Ok(());
    }
    let mut rows = table(&[">block", ">event", "phase", "hotkey", "coldkey", "kind", ">alpha"]);
    for entry in &entries {
        rows.add_row([
            entry.block.to_string(),
            entry.source.map_or_else(String::new, |s| s.event_index.to_string()),
            entry.source.map_or_else(String::new, |s| s.phase.to_string()),
            short(entry.key.hotkey),
            short(entry.key.coldkey),
            entry.kind.name().to_owned(),
            alpha(entry.alpha),
        ]);
    }
    session.out.line(rows.to_string())
}
