//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use vesting_testkit::fault::Fault;

use crate::commands::db::DbCommand;

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
BT_CHAIN_ENDPOINT, then defaults. Exit codes: 0 done, 1 failed, 2 called or configured wrongly.";

/// Settings, the same for every command. Each is also a key of `vesting.toml` and a variable
/// `VESTING_<KEY>`.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Settings")]
pub struct ConfigArgs {
    /// Configuration file [default: vesting.toml in the working directory, if there].
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// finney, test, archive, local, or a ws:// or wss:// URL [default: finney].
    #[arg(long, global = true, alias = "subtensor.network", value_name = "NAME|URL")]
    pub network: Option<String>,
    /// Endpoints, comma-separated, the preferred one first; override what the network implies.
    #[arg(long, global = true, aliases = ["endpoint", "subtensor.chain_endpoint"], value_name = "URL,…")]
    pub endpoints: Option<String>,
    /// Endpoints that keep old state, comma-separated.
    #[arg(long, global = true, value_name = "URL,…")]
    pub archive_endpoints: Option<String>,
    /// The subnets to follow or to show, comma-separated.
    #[arg(long, global = true, visible_alias = "netuid", value_name = "N,…")]
    pub netuids: Option<String>,
    /// The database [default: sqlite://vesting.db].
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// Stake under which a holder gets no multiplier, in alpha [default: 0.3].
    #[arg(long, global = true, value_name = "ALPHA")]
    pub minimum_stake: Option<String>,
    /// How far back retention is measured, in days; fractions are fine [default: 30].
    #[arg(long, global = true, value_name = "DAYS")]
    pub retention_window_days: Option<String>,
    /// The part of the rewards to keep for the full effect [default: 0.9].
    #[arg(long, global = true, value_name = "FRACTION")]
    pub retention_target: Option<String>,
    /// The largest multiplier [default: 1.5].
    #[arg(long, global = true, value_name = "FACTOR")]
    pub max_multiplier: Option<String>,
    /// How a holding becomes a multiplier: geometric_mean or tiered [default: geometric_mean].
    #[arg(long, global = true, value_name = "NAME")]
    pub formula: Option<String>,
    /// For how long rewards count as held: default (on average) or since_last_sale [default: default].
    #[arg(long, global = true, value_name = "RULE")]
    pub duration_rule: Option<String>,
    /// What happens under the minimum: no_multiplier or zero_weight [default: no_multiplier].
    #[arg(long, global = true, value_name = "RULE")]
    pub below_minimum: Option<String>,
    /// Where the weight goes that multipliers add and take: normalise (to all), threshold (as normalise, and
    /// what falls under it to the others), or burn (to one uid) [default: normalise].
    #[arg(long, global = true, value_name = "RULE")]
    pub redistribution: Option<String>,
    /// With threshold: the part of its own weight that one must have after normalising [default: 0].
    #[arg(long, global = true, value_name = "FRACTION")]
    pub threshold_factor: Option<String>,
    /// With threshold: the weight that one must have after normalising [default: 0].
    #[arg(long, global = true, value_name = "WEIGHT")]
    pub absolute_threshold: Option<String>,
    /// With burn: the uid that gets the rest.
    #[arg(long, global = true, value_name = "UID")]
    pub burn_uid: Option<String>,
    /// Return weights unchanged before this block, so that validators switch together.
    #[arg(long, global = true, value_name = "BLOCK")]
    pub effective_from_block: Option<String>,
    /// Compute and report, but return weights unchanged: true or false [default: false].
    #[arg(long, global = true, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub shadow: Option<String>,
    /// Ask for the head after this many seconds without news [default: 300].
    #[arg(long, global = true, value_name = "SECONDS")]
    pub query_interval_seconds: Option<String>,
    /// The most requests under way at once [default: 8].
    #[arg(long, global = true, value_name = "N")]
    pub max_requests_in_flight: Option<String>,
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
    /// Follow the subnets: catch up, then take in every finalized block.
    ///
    /// Needs no wallet. Stop it with Ctrl-C or SIGTERM at any time: every block is one transaction.
    Run(RunArgs),
    /// Record history up to the finalized head, and end.
    CatchUp(CatchUpArgs),
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
    /// One number over all that a subnet's multipliers follow from, to compare with other validators'.
    ///
    /// Validators with the same policy whose records cover the window have the same digest. Where two
    /// differ, the first section that does is the reason; docs/digests.md describes the encoding.
    Digest(AsOfArgs),
    /// Multiply weights: reads {"uids": […], "hotkeys": […], "weights": […]}.
    ///
    /// {"weights": {"0": 0.4, …}} by uid and {"weights": {"5F…": 0.4, …}} by hotkey do as well. With --json
    /// the weights come also as the chain takes them, `weights_u16`.
    Apply(ApplyArgs),
    /// Check the database, bring it up to date, or move its record to another validator.
    #[command(subcommand)]
    Db(DbCommand),
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
}

/// `catch-up`.
#[derive(Debug, Args)]
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
}

/// `simnode`.
#[derive(Debug, Args)]
pub struct SimnodeArgs {
    /// Serve the recording in this folder.
    #[arg(long, value_name = "DIR", conflicts_with = "scenario")]
    pub recording: Option<PathBuf>,
    /// Serve a simulated subnet: demo.
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
    /// What is wrong with the node: pruned=BLOCKS (keeps the state of so many blocks only), stall=CALLS
    /// (then answers no more), frozen=BLOCK (its head stops there), refuse=CALLS (one in so many), or
    /// disagree (its runtime contradicts its storage). May be given several times.
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
