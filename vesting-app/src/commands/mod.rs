//! The commands, one file each.

mod apply;
mod catch_up;
mod compare;
mod completions;
pub mod config;
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
mod update;
mod whatif;

use std::sync::Arc;

use vesting_core::ports::StakeStore;

use crate::cli::{Cli, Command, DoctorArgs};
use crate::config::{Config, load, load_changed};
use crate::output::{Out, say};
use crate::{Ended, code, log, wiring};

/// What every command has.
pub struct Session {
    pub config: Config,
    pub json: bool,
    pub out: Out,
}

impl Session {
    /// The record, which must be there already: reading never creates one.
    fn record(&self) -> anyhow::Result<Arc<dyn StakeStore>> {
        wiring::record(&self.config)
    }

    /// The record where there is a database.
    fn record_there(&self) -> anyhow::Result<Option<Arc<dyn StakeStore>>> {
        wiring::record_there(&self.config)
    }

    /// The record, created when it is not there.
    fn record_or_new(&self) -> anyhow::Result<Arc<dyn StakeStore>> {
        wiring::record_or_new(&self.config)
    }
}

/// Runs a command.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    if let Command::Config(command) = &cli.command {
        return config::run(&cli.config, command);
    }
    let config = load(&cli.config, std::env::vars_os())?;
    let serves = matches!(cli.command, Command::Run(_));
    let level = match cli.command {
        Command::Run(_) => "info",
        // It says itself what went wrong.
        Command::Doctor(DoctorArgs { capture: None, .. }) => "off",
        _ => "warn",
    };
    log::begin(config.log_format, level);
    // Whoever reads the log of a service finds everything there, in one form.
    let logs_all = serves && config.log_format.is_json();
    // A simulated node has no policy.
    if !matches!(cli.command, Command::Simnode(_)) {
        for warning in config.warnings() {
            if logs_all {
                tracing::warn!("{warning}");
            } else {
                say(format!("warning: {warning}"));
            }
        }
    }
    match dispatch(cli, config).await {
        Err(error) if logs_all && code(&error) != 0 => {
            tracing::error!("{error:#}");
            Err(Ended(code(&error)).into())
        }
        done => done,
    }
}

async fn dispatch(cli: Cli, config: Config) -> anyhow::Result<()> {
    let with_chain = cli.config.keys.has("network") || cli.config.keys.has("endpoints");
    let mut session = Session { config, json: cli.config.json, out: Out::new() };
    match cli.command {
        Command::Demo(args) => demo::run(&mut session, &args).await,
        Command::Run(args) => run::run(&mut session, &args).await,
        Command::CatchUp(args) => catch_up::run(&mut session, &args).await,
        Command::Update => update::run(&mut session).await,
        Command::Simnode(args) => simnode::run(&mut session, &args).await,
        Command::Miners(args) => miners::run(&mut session, &args).await,
        Command::Epochs(args) => epochs::run(&mut session, &args).await,
        Command::Ledger(args) => ledger::run(&mut session, &args).await,
        Command::Stats(args) => stats::run(&mut session, &args).await,
        Command::Explain(args) => explain::run(&mut session, &args).await,
        Command::History(args) => history::run(&mut session, &args).await,
        Command::Whatif(args) => {
            let other = load_changed(&cli.config, std::env::vars_os(), &args.set)?;
            whatif::run(&mut session, &other, &args).await
        }
        Command::Digest(args) => digest::run(&mut session, &args).await,
        Command::Doctor(args) => doctor::run(&mut session, &args).await,
        Command::Apply(args) => apply::run(&mut session, &args).await,
        Command::Db(command) => db::run(&mut session, &command, with_chain).await,
        Command::Config(command) => config::run(&cli.config, &command),
        Command::Completions(args) => completions::run(&mut session, &args),
        Command::Man(args) => man::run(&mut session, &args),
    }?;
    session.out.flush()
}
