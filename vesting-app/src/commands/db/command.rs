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
    /// Bring the database up to date with this version; any command that writes does so too.
    Migrate,
    /// Check the whole database for consistency: the conservation law, and everything that follows from other
    /// parts of it.
    ///
    /// Names the first thing wrong, with subnet, table, block and position, and exits with 1. A consistent
    /// record was not altered since it was recorded. Whether it agrees with the chain is what `digest` and
    /// `db import --spot-check` tell.
    Check,
    /// Write the record to a file for another validator; docs/export.md describes it.
    ///
    /// Exports all recorded subnets, or those named with --netuid. The same record gives the same file.
    Export(ExportArgs),
    /// Import a record from a file or a URL, for subnets without a record in the database.
    ///
    /// Before anything is written, the file is checked as `db check` does. A file that was altered
    /// consistently is found by --digest-from, with the digest of a second validator, by --expect-digest, or
    /// by comparing with the chain.
    Import(ImportArgs),
    /// Remove what no future window needs from the record: everything before an epoch of long ago, except
    /// what was held then.
    ///
    /// Prunes all recorded subnets, or those named with --netuid. Each is pruned at its newest epoch that is
    /// at least the given number of days before its last one; days are of block time. Windows as of earlier
    /// epochs can no longer be reported. Digests, multipliers and histories as of later epochs do not change.
    /// What is removed is gone for good; `db export` keeps it in a file. `run` may go on meanwhile.
    Prune(PruneArgs),
    /// Take the record back to an epoch, so that everything after it is read from the chain again.
    ///
    /// Takes back all recorded subnets, or those named with --netuid, each to its last epoch before the given
    /// block. The next `run` or `catch-up` continues from there, and the record becomes as if it had never
    /// gone further. Stop `run` first. The chain is asked whether it has that epoch, so this needs an endpoint
    /// with the state of that block. Nothing else is lost.
    Repair(RepairArgs),
}

/// Runs a command. `with_chain`: an endpoint was named for it.
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
