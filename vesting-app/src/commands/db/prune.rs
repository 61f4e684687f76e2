//! `vesting db prune`.

use anyhow::Context;
use clap::Args;
use serde_json::json;

use super::chosen::chosen;
use crate::commands::session::Session;
use crate::exit::UsageError;
use crate::pruner::prune;

/// `db prune`.
#[derive(Debug, Args)]
pub struct PruneArgs {
    /// How many days of the record to keep; at least the retention window [default: `keep_snapshots_days`].
    #[arg(long, value_name = "N")]
    pub keep_days: Option<u64>,
    /// Say what would be removed, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Afterwards, give the space back to the system. This rewrites the whole database, to which nothing else
    /// may write meanwhile. Without it, the space is used for what is recorded next.
    #[arg(long, conflicts_with = "dry_run")]
    pub compact: bool,
}

pub async fn run(session: &mut Session, args: &PruneArgs) -> anyhow::Result<()> {
    let (days, key) = match (args.keep_days, session.config.keep_days) {
        (Some(days), _) => (days, "--keep-days"),
        (None, Some(days)) => (days, "keep_snapshots_days"),
        (None, None) => {
            let why = "how much is to be kept? Name it with `--keep-days N`, or set `keep_snapshots_days`";
            return Err(UsageError(why.into()).into());
        }
    };
    let keep = session.config.time_to_keep(days, key)?;
    // A database that does not exist is not created.
    let record = session.open_record()?;
    let netuids = chosen(session, &record.netuids().await?, "the database")?;
    let store = if args.dry_run { record } else { session.open_or_create_record()? };
    for netuid in netuids {
        let gone = || format!("the record of subnet {netuid} is gone");
        let summary = prune(store.as_ref(), netuid, keep, args.dry_run).await?.with_context(gone)?;
        if session.json {
            session.out.json(&summary)?;
        } else {
            session.out.line(summary.message())?;
        }
    }
    if args.dry_run && !session.json {
        session.out.line("Nothing was changed (`--dry-run`).")?;
    }
    if args.compact {
        // A database that is open here cannot be rewritten.
        drop(store);
        let url = &session.config.database_url;
        vesting_store::compact(url.expose())
            .with_context(|| format!("the record was pruned, but the database {url} not compacted"))?;
        if session.json {
            session.out.json(&json!({ "compacted": true }))?;
        } else {
            session.out.line("The database was compacted.")?;
        }
    }
    Ok(())
}
