//! The lines around the rows: the first, the last, and the first of a part.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vesting_core::ports::{OpenInterval, Watermark};
use vesting_core::{BlockHash, BlockNumber, BlockRef, Hotkey, Millis};

use crate::export::text::{Spelled, Text};

/// The first line as it is read at first: in another version, its other fields may be unknown.
#[derive(Debug, Deserialize)]
pub struct Preamble {
    pub header: FormatVersion,
}

#[derive(Debug, Deserialize)]
pub struct FormatVersion {
    pub format: String,
    pub version: u32,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    pub format: String,
    pub version: u32,
    pub genesis: Spelled<BlockHash>,
    pub subnets: Vec<u16>,
}

/// The first line of a part: how far the record goes with it, and the open interval there.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartHead {
    block: u64,
    hash: Spelled<BlockHash>,
    time: u64,
    first_block: u64,
    first_time: u64,
    observed: u64,
    spec_version: u32,
    interval: IntervalHead,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IntervalHead {
    from: Option<u64>,
    anywhere: u64,
    runtime_changed: bool,
    operations: BTreeMap<Text<Hotkey>, u64>,
}

impl PartHead {
    pub fn new(mark: &Watermark, interval: &OpenInterval) -> Self {
        Self {
            block: mark.block.number.0,
            hash: Spelled(mark.block.hash),
            time: mark.time.0,
            first_block: mark.first_block.0,
            first_time: mark.first_time.0,
            observed: mark.observed.0,
            spec_version: mark.spec_version,
            interval: IntervalHead {
                from: interval.from.map(|block| block.0),
                anywhere: interval.anywhere,
                runtime_changed: interval.runtime_changed,
                operations: interval
                    .operations
                    .iter()
                    .map(|(hotkey, count)| (Text(*hotkey), *count))
                    .collect(),
            },
        }
    }

    pub fn read(&self) -> (Watermark, OpenInterval) {
        let mark = Watermark {
            block: BlockRef { number: BlockNumber(self.block), hash: self.hash.0 },
            time: Millis(self.time),
            first_block: BlockNumber(self.first_block),
            first_time: Millis(self.first_time),
            observed: BlockNumber(self.observed),
            spec_version: self.spec_version,
        };
        let interval = OpenInterval {
            from: self.interval.from.map(BlockNumber),
            operations: self.interval.operations.iter().map(|(hotkey, count)| (hotkey.0, *count)).collect(),
            anywhere: self.interval.anywhere,
            runtime_changed: self.interval.runtime_changed,
        };
        (mark, interval)
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trailer {
    pub rows: BTreeMap<u16, BTreeMap<String, u64>>,
    pub blake2b_256: Spelled<BlockHash>,
}
