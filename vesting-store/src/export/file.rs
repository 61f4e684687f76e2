//! An export as a file: zstd over its lines.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

use super::{Checksum, Export, ExportError, decode, encode};

/// zstd's own middle between time and size. The same level gives the same bytes.
const LEVEL: i32 = 6;

/// Writes an export to a file, whole or not at all. A file that is there stays as it is, unless it may be replaced.
///
/// # Errors
/// [`ExportError::Exists`], and when the file cannot be written.
pub fn write(path: &Path, export: &Export, replace: bool) -> Result<Checksum, ExportError> {
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
    let mut file = builder.tempfile_in(folder).map_err(failed)?;
    let mut compressed = zstd::Encoder::new(BufWriter::new(file.as_file_mut()), LEVEL).map_err(failed)?;
    let checksum = encode(export, &mut compressed).map_err(failed)?;
    compressed.finish().and_then(|mut rest| rest.flush()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    let kept = if replace { file.persist(path) } else { file.persist_noclobber(path) };
    match kept {
        Ok(_) => Ok(checksum),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Err(ExportError::Exists(path.to_owned())),
        Err(error) => Err(failed(error.error)),
    }
}

/// Reads an export from a file, with the checksum of its lines.
///
/// # Errors
/// When the file cannot be read, or is not what [`write()`] wrote.
pub fn read(path: &Path) -> Result<(Export, Checksum), ExportError> {
    let failed = |why| ExportError::File { path: path.to_owned(), why };
    let lines = zstd::Decoder::new(File::open(path).map_err(failed)?).map_err(failed)?;
    decode(&mut BufReader::new(lines)).map_err(|error| match error {
        ExportError::Lines(why) => failed(why),
        other => other,
    })
}
