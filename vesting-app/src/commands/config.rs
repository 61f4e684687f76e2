//! `vesting config`.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::config::{Config, ConfigArgs, Layers, examine, lines, published, template};
use crate::exit::{SilentExit, UsageError};
use crate::output::{self, Out, table};

const EXAMPLES: &str = "Examples:
  vesting config init
  vesting config init --output /etc/vesting/vesting.toml
  vesting config check /etc/vesting/vesting.toml
  vesting config show --netuid 2 --json
  vesting config policy --netuid 2 > subnet-2.toml";

/// `config`.
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub enum ConfigCommand {
    /// Write a file with every key, its default, its unit and what it means.
    Init(InitArgs),
    /// Name every mistake in the settings: file, variables and flags. Exit code 2 if there is one.
    Check(CheckArgs),
    /// Print the settings in force, without secrets, and where each comes from.
    Show,
    /// Print the policy in force as lines to publish, pinned by its digest.
    ///
    /// With one subnet named, it is that subnet's table. Others put the lines into their vesting.toml; under
    /// another policy than the one with this digest, their `vesting run` ends with code 2.
    Policy,
}

/// `config init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The file to write; - is standard output.
    #[arg(long, value_name = "FILE|-", default_value = "vesting.toml")]
    pub output: PathBuf,
    /// Overwrite an existing file.
    #[arg(long)]
    pub force: bool,
}

/// `config check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The file, as with --config [default: vesting.toml in the working directory, if there].
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}

pub fn run(args: &ConfigArgs, command: &ConfigCommand) -> anyhow::Result<()> {
    let mut out = Out::new();
    match command {
        ConfigCommand::Init(init) => write(init, &mut out),
        ConfigCommand::Check(check) => {
            let config = check.file.clone().or_else(|| args.config.clone());
            check_settings(&ConfigArgs { config, keys: args.keys.clone(), json: args.json }, &mut out)
        }
        ConfigCommand::Show => show(args, &mut out),
        ConfigCommand::Policy => publish(args, &mut out),
    }?;
    out.flush()
}

fn write(args: &InitArgs, out: &mut Out) -> anyhow::Result<()> {
    if args.output.as_os_str() == "-" {
        return out.line(template().trim_end());
    }
    let shown = args.output.display();
    let mut options = OpenOptions::new();
    options.write(true);
    if args.force {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    let mut file = match options.open(&args.output) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(UsageError(format!(
                "{shown} exists already: name another file with `--output`, or overwrite it with `--force`"
            ))
            .into());
        }
        opened => opened.with_context(|| format!("cannot write {shown}"))?,
    };
    file.write_all(template().as_bytes()).with_context(|| format!("cannot write {shown}"))?;
    out.line(format!("Wrote {shown}. Change what you need, then run `vesting config check {shown}`."))
}

fn check_settings(args: &ConfigArgs, out: &mut Out) -> anyhow::Result<()> {
    let (layers, config) = faultless(args, out)?;
    if args.json {
        return Ok(());
    }
    let mut warnings = config.warnings();
    let unfollowed =
        layers.subnets.keys().filter(|netuid| !config.netuids.is_empty() && !config.netuids.contains(netuid));
    warnings.extend(
        unfollowed
            .map(|netuid| format!("[subnet.{netuid}] has no effect: `netuids` does not name this subnet")),
    );
    if config.netuids.is_empty() {
        warnings.push(
            "no subnet is named, and `vesting run` needs one: `netuids` here, VESTING_NETUIDS, or \
             `--netuid N`"
                .to_owned(),
        );
    }
    warnings.iter().for_each(|warning| output::say(format!("warning: {warning}")));
    out.line(format!("{}: no mistakes", sources(&layers)))
}

/// The file that was checked, if there is one.
fn sources(layers: &Layers) -> String {
    layers.file.as_ref().map_or_else(
        || "No file, only flags, variables and defaults".to_owned(),
        |file| file.display().to_string(),
    )
}

/// The settings, if there is no mistake in them; else every mistake is printed.
fn faultless(args: &ConfigArgs, out: &mut Out) -> anyhow::Result<(Layers, Config)> {
    let (layers, config, mistakes) = examine(args, std::env::vars_os());
    if mistakes.all().is_empty() {
        return Ok((layers, config));
    }
    if !args.json {
        return Err(UsageError::from(mistakes).into());
    }
    mistakes.all().iter().try_for_each(|mistake| out.json(mistake))?;
    out.flush()?;
    Err(SilentExit(2).into())
}

/// A policy to publish.
#[derive(Serialize)]
struct Publication {
    netuid: Option<u16>,
    policy_digest: String,
    /// What the digest is of.
    text: String,
    /// Lines of vesting.toml.
    toml: String,
}

fn publish(args: &ConfigArgs, out: &mut Out) -> anyhow::Result<()> {
    let (layers, config) = faultless(args, out)?;
    let netuid = match config.netuids.as_slice() {
        [] => None,
        [netuid] => Some(*netuid),
        _ => {
            return Err(UsageError("a policy is that of one subnet: name it with `--netuid N`".into()).into());
        }
    };
    let policy = netuid.map_or(&config.common_policy, |netuid| config.policy(netuid));
    let toml = published(&layers, policy, netuid);
    if !args.json {
        return out.line(toml.trim_end());
    }
    let (policy_digest, text) = (policy.digest().to_string(), policy.text());
    out.json(&Publication { netuid: netuid.map(|netuid| netuid.0), policy_digest, text, toml })
}

fn show(args: &ConfigArgs, out: &mut Out) -> anyhow::Result<()> {
    let (layers, config) = faultless(args, out)?;
    let lines = lines(&layers, &config);
    if args.json {
        return lines.iter().try_for_each(|line| out.json(line));
    }
    let mut table = table(&["subnet", "key", "value", "from"]);
    for line in lines {
        let subnet = line.netuid.map_or_else(String::new, |netuid| netuid.to_string());
        table.add_row([subnet, line.key.to_owned(), line.value.unwrap_or_default(), line.from]);
    }
    out.line(table.to_string())
}
