//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use vesting_core::{Ppb, Whom};
use vesting_secret::SecretUrl;
use vesting_testkit::fault::Fault;

use crate::commands::config::ConfigCommand;
use crate::commands::db::DbCommand;
use crate::config::{Flags, Token};

/// Rewards miners of a Bittensor subnet for keeping what they earn.
///
/// Follows a subnet's stake on the chain, tells rewards from manual stake to the rao, and multiplies
/// a validator's weights by how much of the rewards was held and for how long. It only reads: no
/// wallet, no keys, no extrinsics.
#[derive(Debug, Parser)]
#[command(name = "vesting", version, propagate_version = true, max_term_width = 100, after_help = FIRST_STEPS)]
pub struct Cli {
    #[command(flatten)]
    pub config: ConfigArgs,

    #[command(subcommand)]
    pub command: Command,
}

const FIRST_STEPS: &str = "First steps:
  vesting demo                                   see it work, without any network
  vesting catch-up --network archive --netuid 2  record the window of subnet 2
  vesting miners --netuid 2                      who holds what, and which multiplier follows
  vesting apply --netuid 2 --weights weights.json

Settings come from flags, then VESTING_<KEY> variables, then vesting.toml, then BT_NETWORK and
BT_CHAIN_ENDPOINT, then defaults. Exit codes: 0 done, 1 failed, 2 called or configured wrongly,
3 done by catch-up, but some changes of stake are unexplained.";

const EXPLAIN: &str = "Examples:
  vesting explain uid:5 --netuid 2
  vesting explain 5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY --as-of 6500000
  vesting explain uid:5 --days 7 --json";

const HISTORY: &str = "Examples:
  vesting history uid:5 --netuid 2
  vesting history 5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY --epochs 600 --json";

const WHATIF: &str = "Examples:
  vesting whatif --set max_multiplier=2 --set retention_target=0.8
  vesting whatif --set formula=tiered --set retention_window_days=90 --weights weights.json
  vesting whatif --set duration_rule=since_last_sale --epochs 60";

const DOCTOR: &str = "Examples:
  vesting doctor --netuid 2
  vesting doctor --endpoints ws://127.0.0.1:9944,wss://archive.chain.opentensor.ai:443
  vesting doctor --json | grep '\"problem\"'
  vesting doctor --capture 20 --output capture --network archive --netuid 2";

const COMPLETIONS: &str = "Examples:
  vesting completions bash > ~/.local/share/bash-completion/completions/vesting
  vesting completions fish > ~/.config/fish/completions/vesting.fish";

/// Settings, the same for every command. Each is also a key of `vesting.toml` and a variable
/// `VESTING_<KEY>`.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Settings")]
pub struct ConfigArgs {
    /// Configuration file [default: vesting.toml in the working directory, if there].
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Every key.
    #[command(flatten)]
    pub keys: Flags,
    /// Print JSON, one object a line.
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// See it work without any network: a simulated subnet, caught up on and followed live.
    ///
    /// Starts a simulated subnet as a JSON-RPC node on loopback, catches up on its history, follows
    /// it live through the real adapter into SQLite, and prints who deserves what.
    Demo(DemoArgs),
    /// Follow the subnets: catch up, then take in every finalized block; serve the HTTP API.
    ///
    /// Needs no wallet. Stop it with Ctrl-C or SIGTERM at any time: every block is one transaction.
    Run(RunArgs),
    /// Record history up to the finalized head, and end.
    ///
    /// Ends with what no event explains of what was taken in, if anything, and then with exit code 3.
    CatchUp(CatchUpArgs),
    /// Go on to the finalized head now: record it, or tell the `vesting run` that records.
    ///
    /// For a daemon with `use_background_thread = false`, which moves only when told, and for whoever wants
    /// to wait until the newest block is recorded. Another process that records is told over its API, at
    /// `bind`.
    Update,
    /// Serve a recorded or simulated chain as a JSON-RPC node.
    Simnode(SimnodeArgs),
    /// The neurons of a subnet: what each holds and which multiplier follows.
    Miners(AsOfArgs),
    /// The epochs of a subnet, with what each did to every position.
    Epochs(RangeArgs),
    /// Every change of every holder's positions.
    Ledger(RangeArgs),
    /// A subnet in figures.
    Stats(AsOfArgs),
    /// Why a miner has the multiplier it has, and what would raise it.
    ///
    /// What its holder (the coldkey, with all its hotkeys) earned, sold and kept in the window, when, and
    /// which part of the formula limits it. Then what the multiplier would be with one thing changed,
    /// computed by the same formula: had nothing been sold, without each of the largest sales, or after
    /// some days more without a sale.
    #[command(after_help = EXPLAIN)]
    Explain(ExplainArgs),
    /// A miner's multiplier, holding and stake as of each epoch, under the present policy.
    ///
    /// A holder that changed its coldkey or hotkeys has one history. Earned and sold are of the epoch
    /// alone; held and days are over the window that ends with it.
    #[command(after_help = HISTORY)]
    History(HistoryArgs),
    /// The recorded history under another policy: which multipliers, and which weights, would differ.
    ///
    /// The other policy is the present one with the keys of --set changed. Nothing is written. `shadow` is
    /// left out of account on both sides.
    #[command(after_help = WHATIF)]
    Whatif(WhatifArgs),
    /// One number over all that a subnet's multipliers follow from, to compare with other validators'.
    ///
    /// Validators with the same policy whose records cover the window have the same digest. Where two
    /// differ, the first section that does is the reason; docs/digests.md describes the encoding. --compare
    /// asks another validator's API and names the first difference: exit code 0 where there is none, 1 where
    /// there is one or the two cannot be compared.
    Digest(DigestArgs),
    /// Multiply weights: reads {"uids": […], "hotkeys": […], "weights": […]}.
    ///
    /// {"weights": {"0": 0.4, …}} by uid and {"weights": {"5F…": 0.4, …}} by hotkey do as well. With --json
    /// the weights come also as the chain takes them, `weights_u16`.
    Apply(ApplyArgs),
    /// Check the database, bring it up to date, prune it, or move its record to another validator.
    #[command(subcommand)]
    Db(DbCommand),
    /// Write a configuration file, check it, or show what is in force.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// See whether all is well: endpoints, chain, subnets, database, clock, API; and what to do where it is
    /// not.
    ///
    /// Each endpoint is tried by itself, all at once: whether it answers, which chain it serves, how far its
    /// head is behind the others', what its runtime lacks and what follows from that, how far back its state
    /// goes against what the record needs, and whether its storage and its runtime agree. Nothing is changed,
    /// and what does not answer is given up after a while. Exit code 0 where all is well or there are only
    /// warnings, 1 where there is a problem.
    ///
    /// With --capture nothing is checked: it writes so many blocks around the newest epoch as a recording,
    /// which `vesting simnode --recording` serves again: what to send with a report about a runtime that is
    /// not understood.
    #[command(after_help = DOCTOR)]
    Doctor(DoctorArgs),
    /// Print what lets a shell complete commands and flags.
    #[command(after_help = COMPLETIONS)]
    Completions(CompletionsArgs),
    /// Print the manual page, or write one for every command.
    Man(ManArgs),
}

/// `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Write so many blocks around the newest epoch as a recording, instead of checking.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub capture: Option<u32>,
    /// With --capture: the folder, which must be empty or not there yet [default: capture-FIRST-LAST].
    #[arg(long, value_name = "DIR", requires = "capture")]
    pub output: Option<PathBuf>,
    /// The longest wait for one answer of an endpoint, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub timeout: u64,
}

/// `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Write vesting.1, vesting-run.1 and so on into this folder.
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

/// `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Days of history to catch up on.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=400))]
    pub days: u32,
    /// Seed of the simulation: the same seed gives the same figures.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Where the simulated node listens.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// End after the table instead of going on live until Ctrl-C.
    #[arg(long)]
    pub once: bool,
}

/// `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// End well once this block is in the store.
    #[arg(long, value_name = "BLOCK")]
    pub until: Option<u64>,
    /// Serve the API over the record as it is, beside another `vesting run` or without one; follow nothing.
    #[arg(long, conflicts_with = "until")]
    pub read_only: bool,
}

/// `catch-up`.
#[derive(Debug, Default, Args)]
pub struct CatchUpArgs {
    /// The first block to record [default: the window's start].
    #[arg(long, value_name = "BLOCK", conflicts_with = "days")]
    pub from: Option<u64>,
    /// Record so many days before the newest epoch.
    #[arg(long, value_name = "N")]
    pub days: Option<String>,
    /// The last block to record [default: the finalized head].
    #[arg(long, value_name = "BLOCK")]
    pub to: Option<u64>,
    /// Read every block, not only those in which something happened: many times the requests, and what a
    /// multisig or a contract does and undoes between two epochs is seen as well.
    #[arg(long)]
    pub every_block: bool,
}

/// `simnode`.
#[derive(Debug, Args)]
pub struct SimnodeArgs {
    /// Serve the recording in this folder.
    #[arg(long, value_name = "DIR", conflicts_with = "scenario")]
    pub recording: Option<PathBuf>,
    /// Serve a simulated subnet: demo, or month (as many neurons and operations as a real one).
    #[arg(long, value_name = "NAME", required_unless_present = "recording")]
    pub scenario: Option<String>,
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:9944")]
    pub listen: SocketAddr,
    /// Wait this long before each answer.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub latency_ms: u64,
    /// Let the head advance by a block every so often, instead of standing at the end.
    #[arg(long, value_name = "N")]
    pub advance_ms: Option<u64>,
    /// With --advance-ms: the block at which the head starts.
    #[arg(long, default_value_t = 1, value_name = "BLOCK", requires = "advance_ms")]
    pub start_at: u32,
    /// Days of history of a scenario.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=400))]
    pub days: u32,
    /// Seed of a scenario.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Neurons of the scenario month.
    #[arg(long, default_value_t = 256, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=2500))]
    pub neurons: u16,
    /// What is wrong with the node: pruned=BLOCKS (keeps the state of so many blocks only), stall=CALLS
    /// (then answers no more), frozen=BLOCK (its head stops there), refuse=CALLS (one in so many),
    /// unreadable=NETUID:FROM_BLOCK (values of this subnet cannot be decoded from there on), or disagree (its
    /// runtime contradicts its storage). May be given several times.
    #[arg(long = "fault", value_name = "FAULT")]
    pub faults: Vec<Fault>,
}

/// Commands about one moment.
#[derive(Debug, Args)]
pub struct AsOfArgs {
    /// As of the last epoch at or before this block [default: the last recorded].
    #[arg(long, value_name = "BLOCK")]
    pub as_of: Option<u64>,
}

/// `digest`.
#[derive(Debug, Args)]
pub struct DigestArgs {
    #[command(flatten)]
    pub at: AsOfArgs,
    /// Compare with the validator whose API is there; without --as-of, as of the newest epoch of both.
    #[arg(long, value_name = "URL")]
    pub compare: Option<SecretUrl>,
    /// The token of that API.
    #[arg(long, requires = "compare", value_name = "TOKEN")]
    pub token: Option<Token>,
}

/// Commands about a stretch of history.
#[derive(Debug, Args)]
pub struct RangeArgs {
    /// The first block.
    #[arg(long, value_name = "BLOCK", default_value_t = 0)]
    pub from: u64,
    /// The last block [default: the last recorded].
    #[arg(long, value_name = "BLOCK")]
    pub to: Option<u64>,
}

/// `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// An SS58 hotkey or coldkey, or a uid as in uid:5. A hotkey that lost its uid is still known.
    #[arg(value_name = "HOTKEY|COLDKEY|uid:N")]
    pub whom: Whom,
    /// As of the last epoch at or before this block [default: the last recorded].
    #[arg(long, value_name = "BLOCK")]
    pub as_of: Option<u64>,
    /// Tell the multiplier so many days ahead if nothing is sold; at most the window [default: a third of the
    /// window, and all of it].
    #[arg(long, value_name = "N")]
    pub days: Option<Ppb>,
    /// Tell what each of so many of the largest sales cost.
    #[arg(long, value_name = "N", default_value_t = crate::view::explanation::SALES, value_parser = clap::value_parser!(u16).range(0..=1000))]
    pub sales: u16,
}

/// `history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// An SS58 hotkey or coldkey, or a uid as in uid:5. A hotkey that lost its uid is still known.
    #[arg(value_name = "HOTKEY|COLDKEY|uid:N")]
    pub whom: Whom,
    /// Up to the last epoch at or before this block [default: the last recorded].
    #[arg(long, value_name = "BLOCK")]
    pub as_of: Option<u64>,
    /// The last so many epochs.
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub epochs: u32,
}

/// `whatif`.
#[derive(Debug, Args)]
pub struct WhatifArgs {
    /// A key of the policy and its value there; may be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE", required = true)]
    pub set: Vec<String>,
    /// As of the last epoch at or before this block [default: the last recorded].
    #[arg(long, value_name = "BLOCK")]
    pub as_of: Option<u64>,
    /// As of each of the last so many epochs.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub epochs: u32,
    /// Weights as JSON, as `apply` reads them, adjusted under both policies; - is standard input.
    #[arg(long, value_name = "FILE|-", conflicts_with = "epochs")]
    pub weights: Option<PathBuf>,
}

/// `apply`.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// The weights as JSON; - is standard input.
    #[arg(long, default_value = "-", value_name = "FILE|-")]
    pub weights: PathBuf,
    /// As of the last epoch at or before this block [default: the last recorded].
    #[arg(long, value_name = "BLOCK")]
    pub as_of: Option<u64>,
}
