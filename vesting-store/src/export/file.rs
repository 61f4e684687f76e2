//! An export as a file: zstd over its lines.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use vesting_core::ports::Commit;
use vesting_core::{BlockHash, NetUid};

use super::decode::Decoder;
use super::encode::Encoder;
use super::error::ExportError;
use super::format::Checksum;

/// zstd's own middle between time and size. The same level gives the same bytes.
const LEVEL: i32 = 6;

type Compressed = zstd::Encoder<'static, BufWriter<NamedTempFile>>;

/// A file that is being written: whole or not at all.
pub struct Writer {
    path: PathBuf,
    replace: bool,
    lines: Encoder<Compressed>,
}

impl Writer {
    /// Begins a file. One that is there stays as it is, unless it may be replaced.
    ///
    /// # Errors
    /// [`ExportError::Exists`], and when the file cannot be written, as of all that follows.
    pub fn create(
        path: &Path,
        genesis: BlockHash,
        netuids: &[NetUid],
        replace: bool,
    ) -> Result<Self, ExportError> {
        let failed = |why| ExportError::File { path: path.to_owned(), why };
        // Asked before the work; that none came in between is seen to at the end.
        if !replace && path.try_exists().map_err(failed)? {
            return Err(ExportError::Exists(path.to_owned()));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".vesting-export-");
        // As any file: it is there to be given away.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder).map_err(failed)?;
        let compressed = zstd::Encoder::new(BufWriter::new(file), LEVEL).map_err(failed)?;
        let lines = Encoder::new(compressed, genesis, netuids).map_err(failed)?;
        Ok(Self { path: path.to_owned(), replace, lines })
    }

    /// Writes the next part of a record.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn part(&mut self, part: &Commit) -> Result<(), ExportError> {
        self.lines.part(part).map_err(|why| ExportError::File { path: self.path.clone(), why })
    }

    /// Ends the file, which is there then.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn finish(self) -> Result<Checksum, ExportError> {
        let Self { path, replace, lines } = self;
        let failed = |why| ExportError::File { path: path.clone(), why };
        let (compressed, checksum) = lines.finish().map_err(failed)?;
        let mut file = compressed.finish().map_err(failed)?;
        file.flush().map_err(failed)?;
        let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
        file.as_file().sync_all().map_err(failed)?;
        let kept = if replace { file.persist(&path) } else { file.persist_noclobber(&path) };
        match kept {
            Ok(_) => Ok(checksum),
            Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
                Err(ExportError::Exists(path))
            }
            Err(error) => Err(failed(error.error)),
        }
    }
}

/// A file that is being read.
pub struct Reader {
    path: PathBuf,
    lines: Decoder<BufReader<zstd::Decoder<'static, BufReader<File>>>>,
}

impl Reader {
    /// Opens a file.
    ///
    /// # Errors
    /// When the file cannot be read, or is not what [`Writer`] wrote, as of all that follows.
    pub fn open(path: &Path) -> Result<Self, ExportError> {
        let failed = |why| ExportError::File { path: path.to_owned(), why };
        let lines = zstd::Decoder::new(File::open(path).map_err(failed)?).map_err(failed)?;
        let lines = Decoder::new(BufReader::new(lines)).map_err(|error| named(path, error))?;
        Ok(Self { path: path.to_owned(), lines })
    }

    /// The genesis of the chain.
    #[must_use]
    pub const fn genesis(&self) -> BlockHash {
        self.lines.genesis()
    }

    /// Whose records there are.
    #[must_use]
    pub fn netuids(&self) -> &[NetUid] {
        self.lines.netuids()
    }

    /// The checksum of the lines, once the last was read.
    #[must_use]
    pub const fn checksum(&self) -> Option<Checksum> {
        self.lines.checksum()
    }

    /// The next part, one subnet's after the other's; `None` after the last, when all is known to be what was
    /// written.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn next_part(&mut self) -> Result<Option<Commit>, ExportError> {
        self.lines.next_part().map_err(|error| named(&self.path, error))
    }
}

fn named(path: &Path, error: ExportError) -> ExportError {
    match error {
        ExportError::Lines(why) => ExportError::File { path: path.to_owned(), why },
        other => other,
    }
}
