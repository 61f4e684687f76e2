//! Writes a recording, block by block.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

/// How much is spent on making the file small: that of the command's default.
const LEVEL: i32 = 3;

/// A runtime to be written down.
#[derive(Debug)]
pub struct RuntimeToWrite<'a> {
    /// The first block whose state has its code.
    pub from: u32,
    /// Its version.
    pub spec_version: u32,
    /// What `state_getRuntimeVersion` answers.
    pub version: &'a serde_json::Value,
    /// Its metadata by metadata version, not wrapped.
    pub metadata: &'a BTreeMap<u32, Vec<u8>>,
}

/// A block to be written down.
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

/// A recording that is being written: [`load`](crate::recording::load) reads it once it is finished.
pub struct RecordingWriter {
    folder: PathBuf,
    blocks: zstd::Encoder<'static, File>,
    runtimes: Vec<RuntimeLine>,
}

impl RecordingWriter {
    /// Begins a recording in a folder, which is made.
    ///
    /// # Errors
    /// Where the folder holds something already, or cannot be written to.
    pub fn new(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        if fs::read_dir(folder)?.next().is_some() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the folder is not empty: name another one"));
        }
        let blocks = zstd::Encoder::new(File::create_new(unfinished(folder))?, LEVEL)?;
        Ok(Self { folder: folder.to_owned(), blocks, runtimes: Vec::new() })
    }

    /// Writes a runtime down; they come in order.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn runtime(&mut self, runtime: &RuntimeToWrite<'_>) -> io::Result<()> {
        // Named by the block, too: a version may come back.
        let dir = format!("runtime-{}-from-{}", runtime.spec_version, runtime.from);
        let folder = self.folder.join(&dir);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("runtime_version.json"), serde_json::to_vec_pretty(runtime.version)?)?;
        for (version, metadata) in runtime.metadata {
            fs::write(folder.join(format!("metadata_v{version}.scale")), metadata)?;
        }
        // The first serves what is before it as well, of which there is genesis at most.
        let from_state_of_block = if self.runtimes.is_empty() { 0 } else { runtime.from };
        self.runtimes.push(RuntimeLine { from_state_of_block, spec_version: runtime.spec_version, dir });
        Ok(())
    }

    /// Writes a block down: genesis first, then the others one after another.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn block(&mut self, block: &BlockToWrite<'_>) -> io::Result<()> {
        let hex0x = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
        let line = Line {
            number: block.number,
            hash: hex0x(&block.hash),
            parent_hash: hex0x(&block.parent_hash),
            timestamp_ms: block.timestamp_ms,
            header: hex0x(block.header),
            extrinsics: block.extrinsics,
            changes: block.changes.iter().map(|(key, value)| (hex0x(key), value.as_deref().map(hex0x))).collect(),
        };
        serde_json::to_writer(&mut self.blocks, &line)?;
        self.blocks.write_all(b"\n")
    }

    /// Finishes the recording; before that it cannot be read.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn finish(self) -> io::Result<()> {
        fs::write(self.folder.join("runtimes.json"), serde_json::to_vec_pretty(&self.runtimes)?)?;
        self.blocks.finish()?.sync_all()?;
        fs::rename(unfinished(&self.folder), self.folder.join("blocks.jsonl.zst"))
    }
}

fn unfinished(folder: &Path) -> PathBuf {
    folder.join("blocks.jsonl.zst.unfinished")
}
