//! An export as a file.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use vesting_core::ports::Commit;
use vesting_core::{BlockHash, NetUid};

use super::compressed::CompressedEncoder;
use super::decode::Decoder;
use super::error::ExportError;
use super::format::Checksum;

/// Writes an export to a file. The file appears complete, or not at all.
pub struct Writer {
    path: PathBuf,
    replace: bool,
    lines: CompressedEncoder<BufWriter<NamedTempFile>>,
}

impl Writer {
    /// Begins a file. An existing file is kept, unless `replace` is set.
    ///
    /// # Errors
    /// [`ExportError::Exists`], or [`ExportError::File`] if the file cannot be written.
    pub fn create(
        path: &Path,
        genesis: BlockHash,
        netuids: &[NetUid],
        replace: bool,
    ) -> Result<Self, ExportError> {
        let failed = |why| ExportError::File { path: path.to_owned(), why };
        // This check saves work in vain. `finish` checks again, without a gap.
        if !replace && path.try_exists().map_err(failed)? {
            return Err(ExportError::Exists(path.to_owned()));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".vesting-export-");
        // Temporary files are private, but an export is meant to be given away.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder).map_err(failed)?;
        let lines = CompressedEncoder::new(BufWriter::new(file), genesis, netuids).map_err(failed)?;
        Ok(Self { path: path.to_owned(), replace, lines })
    }

    /// Writes the next part of a record.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn part(&mut self, part: &Commit) -> Result<(), ExportError> {
        self.lines.part(part).map_err(|why| ExportError::File { path: self.path.clone(), why })
    }

    /// Ends the file and puts it in its place.
    ///
    /// # Errors
    /// Those of [`Self::create`].
    pub fn finish(self) -> Result<Checksum, ExportError> {
        let Self { path, replace, lines } = self;
        let failed = |why| ExportError::File { path: path.clone(), why };
        let (mut file, checksum) = lines.finish().map_err(failed)?;
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

/// Reads an export from a file.
pub struct Reader {
    path: PathBuf,
    lines: Decoder<BufReader<zstd::Decoder<'static, BufReader<File>>>>,
}

impl Reader {
    /// Opens a file.
    ///
    /// # Errors
    /// If the file cannot be read, or is not an export.
    pub fn open(path: &Path) -> Result<Self, ExportError> {
        let failed = |why| ExportError::File { path: path.to_owned(), why };
        let lines = zstd::Decoder::new(File::open(path).map_err(failed)?).map_err(failed)?;
        let lines = Decoder::new(BufReader::new(lines)).map_err(|error| named(path, error))?;
        Ok(Self { path: path.to_owned(), lines })
    }

    /// The genesis hash of the chain.
    #[must_use]
    pub const fn genesis(&self) -> BlockHash {
        self.lines.genesis()
    }

    /// The subnets of the export.
    #[must_use]
    pub fn netuids(&self) -> &[NetUid] {
        self.lines.netuids()
    }

    /// The checksum of the lines, once the last line was read.
    #[must_use]
    pub const fn checksum(&self) -> Option<Checksum> {
        self.lines.checksum()
    }

    /// The next part, one subnet after the other. `None` after the last; by then the whole export has been
    /// verified.
    ///
    /// # Errors
    /// If the file cannot be read, or its lines are damaged or not complete.
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
