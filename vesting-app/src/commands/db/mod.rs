//! `vesting db`.

mod check;
mod export;
mod import;
mod inspect;
mod prune;
mod repair;
mod spot_check;

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::json;
use vesting_core::NetUid;

use super::Session;
use crate::UsageError;

/// `db`.
#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Bring the database up to date with this version; writing to it does so too.
    Migrate,
    /// Check the whole database against itself: the conservation law, and all that follows from something in
    /// it.
    ///
    /// Names the first thing wrong, with subnet, table, block and position, and exits with 1. What is
    /// consistent was recorded and not altered; whether the chain says so too, `digest` and
    /// `db import --spot-check` tell.
    Check,
    /// Write the record to a file for another validator; docs/export.md describes it.
    ///
    /// All subnets recorded, or those named with --netuid. The same record gives the same file.
    Export(ExportArgs),
    /// Take in the record from a file, of subnets that the database has none of.
    ///
    /// The file is checked as `db check` does before anything is written. What a file was altered to
    /// consistently is found by --expect-digest, with the digest of a validator you trust, or by comparing
    /// with the chain.
    Import(ImportArgs),
    /// Remove from the record what no window to come needs: all but what was held, up to an epoch so long
    /// ago.
    ///
    /// All subnets recorded, or those named with --netuid, each at its newest epoch that is at least so many
    /// days before its last one; days are of block time. Of the windows as of earlier epochs nothing is said
    /// any more, and digests, multipliers and histories of later ones are as they were. What came and went up
    /// to there is gone for good: `db export` keeps it in a file. It may be done while `run` goes on.
    Prune(PruneArgs),
    /// Take the record back to an epoch, so that what came after is read from the chain again.
    ///
    /// Of all subnets recorded, or those named with --netuid: each to its last epoch before a block. The next
    /// `run` or `catch-up` goes on from there, and the record becomes what it would be had it never gone
    /// further. Stop `run` first. The chain is asked whether it has that epoch, so an endpoint with its state
    /// is needed; nothing else is lost.
    Repair(RepairArgs),
}

/// `db export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The file, as in subnet-2.vesting.zst.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Replace a file that is there.
    #[arg(long)]
    pub force: bool,
}

/// `db import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Refuse unless this is the state digest under the policy as it is configured; of one subnet.
    #[arg(long, value_name = "0x…")]
    pub expect_digest: Option<String>,
    /// With --expect-digest: as of the last epoch at or before this block [default: the last of the file].
    #[arg(long, value_name = "BLOCK", requires = "expect_digest")]
    pub as_of: Option<u64>,
    /// Compare so many positions at the last epoch with the chain [default: 20 with --network or --endpoints,
    /// else 0].
    #[arg(long, value_name = "N")]
    pub spot_check: Option<usize>,
}

/// `db prune`.
#[derive(Debug, Args)]
pub struct PruneArgs {
    /// How many days of the record stay; at least the retention window [default: `keep_snapshots_days`].
    #[arg(long, value_name = "N")]
    pub keep_days: Option<u64>,
    /// Say what would go, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Give the space back to the system afterwards: writes the whole database anew, which nobody else may
    /// write to meanwhile. Without it the space is used for what is recorded next.
    #[arg(long, conflicts_with = "dry_run")]
    pub compact: bool,
}

/// `db repair`.
#[derive(Debug, Args)]
pub struct RepairArgs {
    /// The first block that is to be read again.
    #[arg(long, value_name = "BLOCK", value_parser = clap::value_parser!(u64).range(1..))]
    pub from: u64,
}

/// Runs a command; `with_chain`: an endpoint was named for it.
pub async fn run(session: &mut Session, command: &DbCommand, with_chain: bool) -> anyhow::Result<()> {
    match command {
        DbCommand::Migrate => migrate(session),
        DbCommand::Check => check::run(session).await,
        DbCommand::Export(args) => export::run(session, args).await,
        DbCommand::Import(args) => import::run(session, args, with_chain).await,
        DbCommand::Prune(args) => prune::run(session, args).await,
        DbCommand::Repair(args) => repair::run(session, args).await,
    }
}

fn migrate(session: &mut Session) -> anyhow::Result<()> {
    let url = &session.config.database_url;
    let migrated =
        vesting_store::migrate(url.expose()).with_context(|| format!("cannot migrate the database {url}"))?;
    if session.json {
        return session.out.json(&json!({ "migrated": migrated }));
    }
    session.out.line(if migrated {
        "The database was brought up to date."
    } else {
        "The database is up to date."
    })
}

/// Those of the subnets `there` that are asked for: all where none is named.
fn chosen(session: &Session, there: &[NetUid], place: &str) -> anyhow::Result<Vec<NetUid>> {
    let asked = &session.config.netuids;
    if let Some(missing) = asked.iter().find(|netuid| !there.contains(netuid)) {
        return Err(
            UsageError(format!("{place} holds no record of subnet {missing}: check `--netuid`")).into()
        );
    }
    let chosen: Vec<NetUid> =
        there.iter().filter(|netuid| asked.is_empty() || asked.contains(netuid)).copied().collect();
    anyhow::ensure!(!chosen.is_empty(), "{place} holds no record");
    Ok(chosen)
}
