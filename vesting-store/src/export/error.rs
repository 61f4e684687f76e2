//! Why an export cannot be written or read.

use std::path::PathBuf;

use vesting_core::NetUid;

use super::format::{Checksum, VERSION};

/// Why there is no export, or none was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// A file cannot be read or written. Reaction: as the system says.
    #[error("`{}`: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// There is a file of that name. Reaction: name another one, or have it replaced.
    #[error("`{}` is there already: name another file, or replace it with `--force`", .0.display())]
    Exists(PathBuf),
    /// Lines cannot be read or written any further.
    #[error(transparent)]
    Lines(#[from] std::io::Error),
    /// It was cut off. Reaction: get it again.
    #[error("the export is cut off after line {0}: get it again")]
    CutOff(u64),
    /// It is not what was written. Reaction: get it again.
    #[error("the export is damaged or was altered: its checksum is {computed}, but it says {said}")]
    Checksum {
        /// Of its lines.
        computed: Checksum,
        /// What its last line says.
        said: Checksum,
    },
    /// It is of a version that is not understood. Reaction: use a version of vesting that does.
    #[error("the export has format version {0}; this version of vesting reads {VERSION}")]
    Version(u32),
    /// A line is not understood. Reaction: get it again.
    #[error("line {line} of the export is not understood: {why}")]
    Line {
        /// Which, from 1.
        line: u64,
        /// Why.
        why: String,
    },
    /// The lines of a subnet are not those that were written. Reaction: get it again.
    #[error("the export of subnet {netuid} has not the rows that its last line tells")]
    Rows {
        /// The subnet.
        netuid: NetUid,
    },
}
