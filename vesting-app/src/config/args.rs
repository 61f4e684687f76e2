//! The settings on the command line.

use std::path::PathBuf;

use clap::Args;

use super::flags::Flags;

/// Settings, the same for every command. Each is also a key of `vesting.toml` and a variable
/// `VESTING_<KEY>`.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Settings")]
pub struct ConfigArgs {
    /// Configuration file [default: vesting.toml in the working directory, if there].
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Every key of the settings.
    #[command(flatten)]
    pub keys: Flags,
    /// Print JSON, one object a line.
    #[arg(long, global = true)]
    pub json: bool,
}
