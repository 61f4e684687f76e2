//! The commands, one file each.

mod apply;
mod catch_up;
mod compare;
mod completions;
pub mod db;
mod demo;
mod digest;
mod doctor;
mod epochs;
mod explain;
mod history;
mod ledger;
mod man;
mod miners;
mod progress;
mod run;
mod simnode;
mod stats;
mod whatif;

use std::io::IsTerminal;
use std::sync::Arc;

use anyhow::Context;
use tracing_subscriber::EnvFilter;
use vesting_core::NetUid;
use vesting_core::ports::StakeStore;

use crate::cli::{Cli, Command, DoctorArgs};
use crate::config::{self, Config};
use crate::following::is_passing;
use crate::output::Out;

/// What every command has.
pub struct Session {
    pub config: Config,
    pub json: bool,
    pub out: Out,
}

impl Session {
    /// The record, which must be there already: reading never creates one.
    fn record(&self) -> anyhow::Result<Arc<dyn StakeStore>> {
        let url = &self.config.database_url;
        vesting_store::open_existing(url).with_context(|| format!("cannot open the database {}", vesting_store::shown(url)))
    }

    /// The subnets there is a record of; none without a database. One that cannot be asked just now is no sign of none.
    async fn recorded(&self) -> anyhow::Result<Vec<NetUid>> {
        match self.record() {
            Ok(store) => Ok(store.netuids().await?),
            Err(error) if is_passing(&error) => Err(error),
            // What is wrong with it is said when it is opened for writing.
            Err(_) => Ok(Vec::new()),
        }
    }

    /// The record, created when it is not there.
    fn record_or_new(&self) -> anyhow::Result<Arc<dyn StakeStore>> {
        let url = &self.config.database_url;
        vesting_store::open(url).with_context(|| format!("cannot open the database {}", vesting_store::shown(url)))
    }
}

/// Runs a command.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    let config = config::load(&cli.config, std::env::vars())?;
    log(match cli.command {
        Command::Run(_) => "info",
        // It says itself what went wrong.
        Command::Doctor(DoctorArgs { capture: None, .. }) => "off",
        _ => "warn",
    });
    // A simulated node has no policy.
    if !matches!(cli.command, Command::Simnode(_)) {
        config.warnings().iter().for_each(|warning| eprintln!("warning: {warning}"));
    }
    let with_chain = cli.config.network.is_some() || cli.config.endpoints.is_some();
    let mut session = Session { config, json: cli.config.json, out: Out::new() };
    match cli.command {
        Command::Demo(args) => demo::run(&mut session, &args).await,
        Command::Run(args) => run::run(&mut session, &args).await,
        Command::CatchUp(args) => catch_up::run(&mut session, &args).await,
        Command::Simnode(args) => simnode::run(&mut session, &args).await,
        Command::Miners(args) => miners::run(&mut session, &args).await,
        Command::Epochs(args) => epochs::run(&mut session, &args).await,
        Command::Ledger(args) => ledger::run(&mut session, &args).await,
        Command::Stats(args) => stats::run(&mut session, &args).await,
        Command::Explain(args) => explain::run(&mut session, &args).await,
        Command::History(args) => history::run(&mut session, &args).await,
        Command::Whatif(args) => {
            let other = config::load_changed(&cli.config, std::env::vars(), &args.set)?;
            whatif::run(&mut session, &other, &args).await
        }
        Command::Digest(args) => digest::run(&mut session, &args).await,
        Command::Doctor(args) => doctor::run(&mut session, &args).await,
        Command::Apply(args) => apply::run(&mut session, &args).await,
        Command::Db(command) => db::run(&mut session, &command, with_chain).await,
        Command::Completions(args) => completions::run(&mut session, &args),
        Command::Man(args) => man::run(&mut session, &args),
    }?;
    session.out.flush()
}

/// Logs go to standard error, so that standard output is the answer alone.
fn log(level: &str) {
    let filter = EnvFilter::try_from_env("RUST_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
}
