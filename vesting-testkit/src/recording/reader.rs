//! Reads a recording: a folder with `blocks.jsonl` or `blocks.jsonl.zst`, metadata and runtime versions.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use blake2::Blake2b;
use blake2::digest::{Digest, consts::U32};
use codec::Encode;
use serde::Deserialize;

use crate::history::{BlockData, History, RuntimeData};

/// Why a recording cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// A file cannot be read.
    #[error(
        "cannot read {path}: {source}; \
         a recording is a folder with blocks.jsonl.zst, runtime_version.json and metadata_v14.scale"
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The content of a file is wrong.
    #[error("{path}, line {line}: {why}")]
    Content {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
}

#[derive(Deserialize)]
struct Line {
    number: u32,
    hash: String,
    parent_hash: String,
    header: String,
    extrinsics: Vec<String>,
    changes: BTreeMap<String, Option<String>>,
}

#[derive(Deserialize)]
struct RuntimeLine {
    from_state_of_block: u32,
    dir: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    spec_name: String,
    impl_name: String,
    authoring_version: u32,
    spec_version: u32,
    impl_version: u32,
    apis: Vec<(String, u32)>,
    transaction_version: u32,
    /// Some runtimes call it `stateVersion`; many have both.
    system_version: Option<u8>,
    state_version: Option<u8>,
}

/// Reads the recording in `folder`.
///
/// # Errors
/// Names the file and line, and what is wrong there.
pub fn load(folder: &Path) -> Result<History, RecordingError> {
    let mut history = History::default();
    let runtimes = folder.join("runtimes.json");
    if runtimes.exists() {
        let lines: Vec<RuntimeLine> = json(&runtimes)?;
        for line in lines {
            history.add_runtime(line.from_state_of_block, runtime(&folder.join(line.dir))?);
        }
    } else {
        history.add_runtime(0, runtime(folder)?);
    }
    let (path, reader) = open(folder, "blocks.jsonl")?;
    for (index, line) in reader.lines().enumerate() {
        let refuse = |why: String| RecordingError::Content { path: path.clone(), line: index + 1, why };
        let line = line.map_err(|source| RecordingError::Read { path: path.clone(), source })?;
        if line.is_empty() {
            continue;
        }
        let line: Line = serde_json::from_str(&line).map_err(|e| refuse(e.to_string()))?;
        let block = block(line).map_err(&refuse)?;
        if history.len() == 1 && block.number > 1 {
            history.skip_to(block.number).map_err(|e| refuse(e.to_string()))?;
        }
        history.push(block).map_err(|e| refuse(e.to_string()))?;
    }
    if history.is_empty() {
        return Err(RecordingError::Content { path, line: 1, why: "there is no block".into() });
    }
    Ok(history)
}

fn block(line: Line) -> Result<BlockData, String> {
    let changes = line
        .changes
        .into_iter()
        .map(|(key, value)| Ok((bytes(&key)?, value.as_deref().map(bytes).transpose()?)))
        .collect::<Result<Vec<_>, String>>()?;
    let header = bytes(&line.header)?;
    let hash = hash(&line.hash)?;
    if <[u8; 32]>::from(Blake2b::<U32>::digest(&header)) != hash {
        return Err(format!("the header of block {} does not hash to its hash", line.number));
    }
    Ok(BlockData {
        number: line.number,
        hash,
        parent_hash: self::hash(&line.parent_hash)?,
        header,
        extrinsics: line.extrinsics.iter().map(|e| bytes(e)).collect::<Result<_, _>>()?,
        changes,
    })
}

fn runtime(folder: &Path) -> Result<RuntimeData, RecordingError> {
    let path = folder.join("runtime_version.json");
    let version_json: serde_json::Value = json(&path)?;
    let refuse = |why: String| RecordingError::Content { path: path.clone(), line: 1, why };
    let version: Version = serde_json::from_value(version_json.clone()).map_err(|e| refuse(e.to_string()))?;
    let apis = version
        .apis
        .iter()
        .map(|(id, version)| {
            let id: [u8; 8] = bytes(id)?.try_into().map_err(|_| format!("`{id}` is no API id of 8 bytes"))?;
            Ok((id, *version))
        })
        .collect::<Result<Vec<_>, String>>()
        .map_err(refuse)?;
    let version_scale = (
        &version.spec_name,
        &version.impl_name,
        version.authoring_version,
        version.spec_version,
        version.impl_version,
        apis,
        version.transaction_version,
        version.system_version.or(version.state_version).unwrap_or(1),
    )
        .encode();
    let mut metadata = BTreeMap::new();
    for number in [14u32, 15, 16] {
        let path = folder.join(format!("metadata_v{number}.scale"));
        if path.exists() {
            metadata.insert(
                number,
                std::fs::read(&path).map_err(|source| RecordingError::Read { path, source })?,
            );
        }
    }
    if metadata.is_empty() {
        let path = folder.join("metadata_v14.scale");
        return Err(RecordingError::Read { path, source: io::ErrorKind::NotFound.into() });
    }
    Ok(RuntimeData { spec_version: version.spec_version, version_json, version_scale, metadata })
}

/// Opens `name`, or `name.zst` where there is no `name`.
pub(crate) fn open(folder: &Path, name: &str) -> Result<(PathBuf, Box<dyn BufRead>), RecordingError> {
    let plain = folder.join(name);
    let packed = folder.join(format!("{name}.zst"));
    let path = if plain.exists() { plain } else { packed.clone() };
    let read = |source| RecordingError::Read { path: path.clone(), source };
    let file = File::open(&path).map_err(read)?;
    let reader: Box<dyn BufRead> = if path == packed {
        Box::new(BufReader::new(zstd::Decoder::new(file).map_err(read)?))
    } else {
        Box::new(BufReader::new(file))
    };
    Ok((path, reader))
}

fn json<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T, RecordingError> {
    let file = File::open(path).map_err(|source| RecordingError::Read { path: path.into(), source })?;
    serde_json::from_reader(BufReader::new(file)).map_err(|e| RecordingError::Content {
        path: path.into(),
        line: e.line(),
        why: e.to_string(),
    })
}

fn bytes(text: &str) -> Result<Vec<u8>, String> {
    let digits = text.strip_prefix("0x").ok_or_else(|| format!("`{text:.20}` does not begin with 0x"))?;
    let mut bytes = vec![0; digits.len() / 2];
    faster_hex::hex_decode(digits.as_bytes(), &mut bytes)
        .map_err(|e| format!("`{text:.20}` is not hexadecimal: {e}"))?;
    Ok(bytes)
}

fn hash(text: &str) -> Result<[u8; 32], String> {
    bytes(text)?.try_into().map_err(|_| format!("`{text:.20}` is not a hash of 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSION: &str = r#"{
        "apis": [["0xdf6acb689907609b", 5]],
        "authoringVersion": 1,
        "implName": "i",
        "implVersion": 1,
        "specName": "s",
        "specVersion": 425,
        "stateVersion": 1,
        "systemVersion": 1,
        "transactionVersion": 1
    }"#;

    fn write(blocks: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("runtime_version.json"), VERSION).unwrap();
        std::fs::write(folder.path().join("metadata_v14.scale"), b"meta").unwrap();
        std::fs::write(folder.path().join("blocks.jsonl"), blocks).unwrap();
        folder
    }

    fn line(number: u32, parent: [u8; 32], header: &[u8]) -> (String, [u8; 32]) {
        let hash: [u8; 32] = Blake2b::<U32>::digest(header).into();
        let [own, parent, header] =
            [&hash[..], &parent[..], header].map(|bytes| format!("0x{}", faster_hex::hex_string(bytes)));
        let changes = serde_json::json!({ "0x01": format!("0x{number:02x}") });
        let text = serde_json::json!({
            "number": number, "hash": own, "parent_hash": parent, "header": header,
            "extrinsics": [], "changes": changes,
        })
        .to_string();
        (text, hash)
    }

    #[test]
    fn a_small_recording_is_read() {
        let (first, hash) = line(0, [0; 32], b"genesis");
        let (second, _) = line(1, hash, b"one");
        let folder = write(&format!("{first}\n{second}\n"));
        let history = load(folder.path()).unwrap();
        assert_eq!(
            (history.last(), history.storage(&[1], 0), history.storage(&[1], 1)),
            (1, Some(&[0u8][..]), Some(&[1u8][..]))
        );
        assert_eq!(history.runtime(1).unwrap().spec_version, 425);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let (first, _) = line(0, [0; 32], b"genesis");
        let (stray, _) = line(1, [7; 32], b"one");
        let forged = first.replace(&faster_hex::hex_string(b"genesis"), &faster_hex::hex_string(b"forgery"));
        for (blocks, word) in [
            (format!("{first}\n{stray}"), "line 2"),
            (forged, "does not hash"),
            ("{}".into(), "line 1"),
            (String::new(), "no block"),
        ] {
            let Err(error) = load(write(&blocks).path()) else { panic!("{blocks} was read") };
            assert!(error.to_string().contains(word), "{error}");
        }
        assert!(load(Path::new("/nonexistent")).is_err());
    }
}
