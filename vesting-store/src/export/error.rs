//! The errors of an export.

use std::path::PathBuf;

use vesting_core::NetUid;

use super::format::{Checksum, VERSION};

/// Why an export cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// A file cannot be read or written. Reaction: do what the system's error asks for.
    #[error("`{}`: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        why: std::io::Error,
    },
    /// A file of that name exists. Reaction: name another file, or replace it.
    #[error("`{}` is there already: name another file, or replace it with `--force`", .0.display())]
    Exists(PathBuf),
    /// Lines cannot be read or written. Reaction: do what the system's error asks for.
    #[error(transparent)]
    Lines(#[from] std::io::Error),
    /// The export is cut off. Reaction: get it again.
    #[error("the export is cut off after line {0}: get it again")]
    CutOff(u64),
    /// The lines are not those that were written. Reaction: get the export again.
    #[error("the export is damaged or was altered: its checksum is {computed}, but it says {said}")]
    Checksum {
        /// The checksum of its lines.
        computed: Checksum,
        /// The checksum in its last line.
        said: Checksum,
    },
    /// The format has another version. Reaction: use a version of vesting that reads it.
    #[error("the export has format version {0}; this version of vesting reads {VERSION}")]
    Version(u32),
    /// A line is not understood. Reaction: get the export again.
    #[error("line {line} of the export is not understood: {why}")]
    Line {
        /// Its number, from 1.
        line: u64,
        /// Why it is not understood.
        why: String,
    },
    /// A subnet does not have the rows that the last line counts. Reaction: get the export again.
    #[error("the export of subnet {netuid} does not have the rows that its last line counts: get it again")]
    Rows {
        /// The subnet.
        netuid: NetUid,
    },
}
