//! The command line.
//!
//! Takes from `config` and `commands`.

use clap::{Parser, Subcommand};

use crate::commands::apply::ApplyArgs;
use crate::commands::args::{AsOfArgs, RangeArgs};
use crate::commands::catch_up::CatchUpArgs;
use crate::commands::completions::{self, CompletionsArgs};
use crate::commands::config::ConfigCommand;
use crate::commands::db::DbCommand;
use crate::commands::demo::DemoArgs;
use crate::commands::digest::DigestArgs;
use crate::commands::doctor::{self, DoctorArgs};
use crate::commands::explain::{self, ExplainArgs};
use crate::commands::history::{self, HistoryArgs};
use crate::commands::man::ManArgs;
use crate::commands::run::RunArgs;
use crate::commands::simnode::SimnodeArgs;
use crate::commands::whatif::{self, WhatifArgs};
use crate::config::ConfigArgs;

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
BT_CHAIN_ENDPOINT, then defaults. All of them: vesting help settings.

Exit codes: 0 done, 1 failed, 2 called or configured wrongly, 3 done by catch-up, but some changes
of stake are unexplained.";

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
    /// Prints what no event explains of what was recorded, if anything, and then exits with code 3.
    CatchUp(CatchUpArgs),
    /// Record up to the finalized head now, or ask the `vesting run` that records to do so.
    ///
    /// For a daemon with `use_background_thread = false`, which records only when asked, and to wait until
    /// the newest block is recorded. A daemon is asked over its API, at `bind`.
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
    #[command(after_help = explain::EXAMPLES)]
    Explain(ExplainArgs),
    /// A miner's multiplier, holding and stake as of each epoch, under the present policy.
    ///
    /// A holder that changed its coldkey or hotkeys has one history. Earned and sold are of one epoch alone;
    /// held and days are of the window that ends with it.
    #[command(after_help = history::EXAMPLES)]
    History(HistoryArgs),
    /// The recorded history under another policy: which multipliers, and which weights, would differ.
    ///
    /// The other policy is the present one with the keys of --set changed. Nothing is written. `shadow` is
    /// ignored in both policies.
    #[command(after_help = whatif::EXAMPLES)]
    Whatif(WhatifArgs),
    /// One number over everything that a subnet's multipliers follow from, to compare with other validators'.
    ///
    /// Validators with the same policy whose records cover the window have the same digest. If two digests
    /// differ, the first section that differs shows the reason; docs/digests.md describes the encoding.
    /// --compare asks another validator's API and names the first difference: exit code 0 if there is none, 1
    /// if there is one or the two cannot be compared.
    Digest(DigestArgs),
    /// Multiply weights: reads {"uids": […], "hotkeys": […], "weights": […]}.
    ///
    /// {"weights": {"0": 0.4, …}} by uid and {"weights": {"5F…": 0.4, …}} by hotkey are read too. With --json
    /// the answer also has the weights as the chain takes them, `weights_u16`.
    Apply(ApplyArgs),
    /// Check the database, bring it up to date, prune it, or move its record to another validator.
    #[command(subcommand)]
    Db(DbCommand),
    /// Write a configuration file, check it, or show what is in force.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Check endpoints, chain, subnets, database, clock and API, and say what to do about problems.
    ///
    /// All endpoints are asked at once, each by itself. The checks are: whether it answers, which chain it
    /// serves, how far its head is behind the others', what its runtime lacks and what follows from that,
    /// whether it has the state that the record needs, and whether its storage and its runtime agree. Nothing
    /// is changed, and each question has a deadline. Exit code 0 if there are no problems (there may be
    /// warnings), 1 if there is one.
    ///
    /// With --capture nothing is checked. Instead, the blocks around the newest epoch are written as a
    /// recording, which `vesting simnode --recording` serves again. Send it with a report about a runtime
    /// that `vesting` cannot read.
    #[command(after_help = doctor::EXAMPLES)]
    Doctor(DoctorArgs),
    /// List all settings: as flags, with their defaults.
    ///
    /// Each is also a key of `vesting.toml` (`vesting config init` writes one with all of them) and a variable
    /// `VESTING_<KEY>`. Every command takes every setting, and reads those that its own help lists.
    Settings,
    /// Print the script with which a shell completes commands and flags.
    #[command(after_help = completions::EXAMPLES)]
    Completions(CompletionsArgs),
    /// Print the manual page, or write one for every command.
    Man(ManArgs),
}
