//! The file of an open database. It may be removed or replaced while it is open.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use vesting_core::ports::StoreError;

use crate::error::naming;

/// A file's device and inode, which a new file of the same name does not share. On other systems an open
/// file cannot be removed, so any value will do.
#[cfg(unix)]
fn identity(path: &Path) -> std::io::Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    path.metadata().map(|file| (file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> std::io::Result<(u64, u64)> {
    path.metadata().map(|_| (0, 0))
}

/// A file and its identity when it was opened.
#[derive(Debug, Clone)]
pub struct OpenFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl OpenFile {
    /// The file at a path that was opened just now.
    pub fn new(path: &Path) -> Result<Self, StoreError> {
        let identity = identity(path).map_err(|error| naming::unusable(path.display(), error))?;
        Ok(Self { path: path.to_owned(), identity })
    }

    /// Checks that the path still leads to the same file: data written to a removed file is lost with it.
    pub fn still_there(&self) -> Result<(), StoreError> {
        let gone = |why| StoreError::Unusable(format!("the database `{}` {why}", self.path.display()));
        match identity(&self.path) {
            Ok(now) if now == self.identity => Ok(()),
            Ok(_) => Err(gone(
                "was replaced by another file while it was in use: start again to continue with that one",
            )),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(gone(
                "was taken away while it was in use: put it back, or start again to begin a new record",
            )),
            Err(error) => Err(naming::unusable(self.path.display(), error)),
        }
    }
}

/// Whether the disk of a file is full: writing a temporary file beside it fails for want of space.
pub fn is_full(path: &Path) -> bool {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = tempfile::tempfile_in(folder)
        .and_then(|mut file| std::io::Write::write_all(&mut file, &[0; 1 << 16]));
    written.is_err_and(|error| matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded))
}
