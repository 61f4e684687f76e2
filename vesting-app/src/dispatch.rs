//! Runs the command that was named.
//!
//! Takes from `exit`, `advice`, `output`, `log`, `config`, `commands`, `cli` and `help`.

use clap::CommandFactory;
use tracing_subscriber::filter::LevelFilter;

use crate::advice::Advised;
use crate::cli::{Cli, Command};
use crate::commands::doctor::DoctorArgs;
use crate::commands::session::Session;
use crate::config::Config;
use crate::exit::SilentExit;
use crate::output::{Out, say};
use crate::{commands, config, exit, help, log};

/// Runs a command.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    if let Command::Config(command) = &cli.command {
        return commands::config::run(&cli.config, command);
    }
    let config = config::load(&cli.config, std::env::vars_os())?;
    let serves = matches!(cli.command, Command::Run(_));
    let level = match cli.command {
        Command::Run(_) => LevelFilter::INFO,
        // `doctor` reports problems itself.
        Command::Doctor(DoctorArgs { capture: None, .. }) => LevelFilter::OFF,
        _ => LevelFilter::WARN,
    };
    log::begin(config.log_format, level);
    // A reader of a service's log finds everything there, in one format.
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
        Err(error) if logs_all && exit::code_of(&error) != 0 => {
            tracing::error!("{}", error.advised());
            Err(SilentExit(exit::code_of(&error)).into())
        }
        done => done,
    }
}

async fn dispatch(cli: Cli, config: Config) -> anyhow::Result<()> {
    let with_chain = cli.config.keys.has("network") || cli.config.keys.has("endpoints");
    let mut session = Session { config, json: cli.config.json, out: Out::new() };
    match cli.command {
        Command::Demo(args) => commands::demo::run(&mut session, &args).await,
        Command::Run(args) => commands::run::run(&mut session, &args).await,
        Command::CatchUp(args) => commands::catch_up::run(&mut session, &args).await,
        Command::Update => commands::update::run(&mut session).await,
        Command::Simnode(args) => commands::simnode::run(&mut session, &args).await,
        Command::Miners(args) => commands::miners::run(&mut session, &args).await,
        Command::Epochs(args) => commands::epochs::run(&mut session, &args).await,
        Command::Ledger(args) => commands::ledger::run(&mut session, &args).await,
        Command::Stats(args) => commands::stats::run(&mut session, &args).await,
        Command::Explain(args) => commands::explain::run(&mut session, &args).await,
        Command::History(args) => commands::history::run(&mut session, &args).await,
        Command::Whatif(args) => {
            let other = config::load_changed(&cli.config, std::env::vars_os(), &args.set)?;
            commands::whatif::run(&mut session, &other, &args).await
        }
        Command::Digest(args) => commands::digest::run(&mut session, &args).await,
        Command::Doctor(args) => commands::doctor::run(&mut session, &args).await,
        Command::Apply(args) => commands::apply::run(&mut session, &args).await,
        Command::Db(command) => commands::db::run(&mut session, &command, with_chain).await,
        Command::Config(command) => commands::config::run(&cli.config, &command),
        Command::Completions(args) => commands::completions::run(&mut session, &args, Cli::command()),
        Command::Man(args) => commands::man::run(&mut session, &args, help::command_line()),
        Command::Settings => session.out.line(help::settings().trim_end()),
    }?;
    session.out.flush()
}
