//! Arguments that several commands take.

use clap::Args;

/// The argument of commands about one moment.
#[derive(Debug, Args)]
pub struct AsOfArgs {
    /// As of the last epoch at or before this block [default: the last recorded].
    #[arg(long, value_name = "BLOCK")]
    pub as_of: Option<u64>,
}

/// The arguments of commands about a part of the history.
#[derive(Debug, Args)]
pub struct RangeArgs {
    /// The first block.
    #[arg(long, value_name = "BLOCK", default_value_t = 0)]
    pub from: u64,
    /// The last block [default: the last recorded].
    #[arg(long, value_name = "BLOCK")]
    pub to: Option<u64>,
}
