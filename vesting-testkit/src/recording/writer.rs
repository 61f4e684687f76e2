//! Writes a recording, block by block.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::hexadecimal::hex0x;

/// The compression level: the default of the `zstd` command.
const LEVEL: i32 = 3;

/// The file that says from which block on each runtime is in force.
const RUNTIMES: &str = "runtimes.json";

/// A runtime to be written.
#[derive(Debug)]
pub struct RuntimeToWrite<'a> {
    /// The first block whose state holds its code.
    pub from: u32,
    /// Its version.
    pub spec_version: u32,
    /// What `state_getRuntimeVersion` answers.
    pub version: &'a serde_json::Value,
    /// Its metadata by metadata version, without the length prefix of a runtime call.
    pub metadata: &'a BTreeMap<u32, Vec<u8>>,
}

/// A block to be written.
#[derive(Debug)]
pub struct BlockToWrite<'a> {
    /// Its height.
    pub number: u32,
    /// Its hash.
    pub hash: [u8; 32],
    /// Its parent's hash.
    pub parent_hash: [u8; 32],
    /// Its time in ms; 0 where it has none.
    pub timestamp_ms: u64,
    /// The SCALE-encoded header.
    pub header: &'a [u8],
    /// Its extrinsics, in hexadecimal.
    pub extrinsics: &'a [String],
    /// The storage keys it changed, with their new values.
    pub changes: &'a BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

#[derive(Serialize)]
struct Line<'a> {
    number: u32,
    hash: String,
    parent_hash: String,
    timestamp_ms: u64,
    header: String,
    extrinsics: &'a [String],
    changes: BTreeMap<String, Option<String>>,
}

#[derive(Serialize)]
struct RuntimeLine {
    from_state_of_block: u32,
    spec_version: u32,
    dir: String,
}

/// A recording that is being written. [`load`](crate::recording::load) reads it once it is finished. One that
/// is dropped before that leaves only the empty folder behind.
pub struct RecordingWriter {
    folder: PathBuf,
    /// `None` once the recording is finished.
    blocks: Option<zstd::Encoder<'static, File>>,
    runtimes: Vec<RuntimeLine>,
}

impl RecordingWriter {
    /// Begins a recording in a folder, and makes the folder.
    ///
    /// # Errors
    /// When the folder is not empty or cannot be written to.
    pub fn new(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        if fs::read_dir(folder)?.next().is_some() {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "the folder is not empty: name another one",
            ));
        }
        let blocks = zstd::Encoder::new(File::create_new(unfinished(folder))?, LEVEL)?;
        Ok(Self { folder: folder.to_owned(), blocks: Some(blocks), runtimes: Vec::new() })
    }

    /// Writes a runtime. Runtimes come in the order of their blocks.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn runtime(&mut self, runtime: &RuntimeToWrite<'_>) -> io::Result<()> {
        // The folder is named by the block as well, because a version may come back.
        let dir = format!("runtime-{}-from-{}", runtime.spec_version, runtime.from);
        let folder = self.folder.join(&dir);
        fs::create_dir(&folder)?;
        // The first runtime also serves the blocks before it, which are genesis at most.
        let from_state_of_block = if self.runtimes.is_empty() { 0 } else { runtime.from };
        self.runtimes.push(RuntimeLine { from_state_of_block, spec_version: runtime.spec_version, dir });
        fs::write(folder.join("runtime_version.json"), serde_json::to_vec_pretty(runtime.version)?)?;
        for (version, metadata) in runtime.metadata {
            fs::write(folder.join(format!("metadata_v{version}.scale")), metadata)?;
        }
        Ok(())
    }

    /// Writes a block: genesis first, then the others one after another.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn block(&mut self, block: &BlockToWrite<'_>) -> io::Result<()> {
        let line = Line {
            number: block.number,
            hash: hex0x(block.hash),
            parent_hash: hex0x(block.parent_hash),
            timestamp_ms: block.timestamp_ms,
            header: hex0x(block.header),
            extrinsics: block.extrinsics,
            changes: block
                .changes
                .iter()
                .map(|(key, value)| (hex0x(key), value.as_deref().map(hex0x)))
                .collect(),
        };
        let Some(blocks) = &mut self.blocks else {
            return Err(io::Error::other("the recording is finished"));
        };
        serde_json::to_writer(&mut *blocks, &line)?;
        blocks.write_all(b"\n")
    }

    /// Finishes the recording. It cannot be read before.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn finish(mut self) -> io::Result<()> {
        fs::write(self.folder.join(RUNTIMES), serde_json::to_vec_pretty(&self.runtimes)?)?;
        if let Some(blocks) = &mut self.blocks {
            blocks.do_finish()?;
            blocks.get_ref().sync_all()?;
        }
        fs::rename(unfinished(&self.folder), self.folder.join("blocks.jsonl.zst"))?;
        self.blocks = None;
        Ok(())
    }
}

impl Drop for RecordingWriter {
    fn drop(&mut self) {
        if self.blocks.is_none() {
            return;
        }
        // The first error is the one that is reported, so errors here are left out. Only files that were made
        // here go.
        let _ = fs::remove_file(unfinished(&self.folder));
        let _ = fs::remove_file(self.folder.join(RUNTIMES));
        for runtime in &self.runtimes {
            let _ = fs::remove_dir_all(self.folder.join(&runtime.dir));
        }
    }
}

fn unfinished(folder: &Path) -> PathBuf {
    folder.join("blocks.jsonl.zst.unfinished")
}

#[cfg(test)]
mod tests {
    use blake2::Blake2b;
    use blake2::digest::{Digest, consts::U32};
    use serde_json::json;

    use super::*;
    use crate::recording::load;

    /// Writes blocks with these numbers. Each block stores its number at the key 1.
    fn write(writer: &mut RecordingWriter, numbers: &[u32]) {
        let hash = |number: u32| <[u8; 32]>::from(Blake2b::<U32>::digest(number.to_le_bytes()));
        for number in numbers {
            let changes = [(vec![1], Some(number.to_le_bytes().to_vec()))].into();
            let (header, parent_hash) = (number.to_le_bytes(), hash(number.wrapping_sub(1)));
            let extrinsics = ["0x0102".to_owned()];
            let block = BlockToWrite {
                number: *number,
                hash: hash(*number),
                parent_hash,
                timestamp_ms: 12_000,
                header: &header,
                extrinsics: &extrinsics,
                changes: &changes,
            };
            writer.block(&block).unwrap();
        }
    }

    fn runtime(writer: &mut RecordingWriter, from: u32, spec_version: u32) {
        let version = json!({
            "specName": "s",
            "implName": "i",
            "authoringVersion": 1,
            "specVersion": spec_version,
            "implVersion": 1,
            "apis": [],
            "transactionVersion": 1,
            "systemVersion": 1,
        });
        let metadata = [(14, vec![1, 2]), (15, vec![3])].into();
        writer
            .runtime(&RuntimeToWrite { from, spec_version, version: &version, metadata: &metadata })
            .unwrap();
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = RecordingWriter::new(&folder.path().join("new")).unwrap();
        write(&mut writer, &[0]);
        runtime(&mut writer, 500, 393);
        write(&mut writer, &[500, 501]);
        runtime(&mut writer, 502, 425);
        write(&mut writer, &[502]);
        writer.finish().unwrap();
        let history = load(&folder.path().join("new")).unwrap();
        assert_eq!((history.first(), history.last(), history.len()), (500, 502, 4));
        assert_eq!(history.storage(&[1], 501), Some(&501u32.to_le_bytes()[..]));
        assert_eq!(history.extrinsics(502), [vec![1, 2]]);
        assert_eq!(
            [500, 501, 502].map(|block| history.runtime(block).unwrap().spec_version),
            [393, 393, 425]
        );
        assert_eq!(history.runtime(502).unwrap().metadata, [(14, vec![1, 2]), (15, vec![3])].into());
    }

    #[test]
    fn what_is_not_finished_leaves_nothing_and_overwrites_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new");
        let mut writer = RecordingWriter::new(&path).unwrap();
        runtime(&mut writer, 0, 393);
        write(&mut writer, &[0, 1]);
        assert!(load(&path).is_err());
        drop(writer);
        assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
        fs::write(path.join("mine"), "").unwrap();
        assert!(RecordingWriter::new(&path).is_err());
        assert_eq!(fs::read_dir(&path).unwrap().count(), 1);
    }
}
