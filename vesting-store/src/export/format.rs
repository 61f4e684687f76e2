//! The name and the version of the format, and its checksum.

use vesting_core::BlockHash;

/// The value of `format` in the first line.
pub const FORMAT: &str = "vesting/export";

/// The version of the format that is written. No other is read.
pub const VERSION: u32 = 2;

/// The BLAKE2b-256 hash of an export's lines.
pub type Checksum = BlockHash;
