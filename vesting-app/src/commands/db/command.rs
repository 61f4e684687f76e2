//! `vesting db`.

use clap::Subcommand;

use super::export::ExportArgs;
use super::import::ImportArgs;
use super::prune::PruneArgs;
use super::repair::RepairArgs;
use super::{check, export, import, migrate, prune, repair};
use crate::commands::session::Session;

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

/// Runs a command; `with_chain`: an endpoint was named for it.
pub async fn run(session: &mut Session, command: &DbCommand, with_chain: bool) -> anyhow::Result<()> {
    match command {
        DbCommand::Migrate => migrate::run(session),
        DbCommand::Check => check::run(session).await,
        DbCommand::Export(args) => export::run(session, args).await,
        DbCommand::Import(args) => import::run(session, args, with_chain).await,
        DbCommand::Prune(args) => prune::run(session, args).await,
        DbCommand::Repair(args) => repair::run(session, args).await,
    }
}
