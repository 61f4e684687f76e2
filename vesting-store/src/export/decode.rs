//! Reads records from lines.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, Read};

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use vesting_core::ports::Commit;
use vesting_core::{BlockHash, BlockNumber, BlockRef, EpochRecord, Millis, NetUid, SkippedSlot};

use super::error::ExportError;
use super::format::{Checksum, FORMAT, VERSION};
use super::line::{Header, Line, Preamble, Trailer};

/// The longest line accepted. Lines with the operations of an open interval are the longest.
const MAX_LINE_BYTES: u64 = 1 << 26;

/// Reads records from lines, part by part. Only at the end is it certain that the lines are complete and are
/// those that [`Encoder`](super::Encoder) wrote.
pub struct Decoder<R> {
    lines: Lines<R>,
    genesis: BlockHash,
    netuids: Vec<NetUid>,
    /// The subnets whose records are still to come.
    subnets_left: VecDeque<u16>,
    /// The part being read.
    part: Option<Commit>,
    /// Its subnet.
    netuid: Option<NetUid>,
    /// The last block of the newest part begun, on which the next part of the subnet follows.
    end: Option<BlockRef>,
    /// The number of rows of each kind so far, by subnet.
    rows: BTreeMap<u16, BTreeMap<String, u64>>,
    checksum: Option<Checksum>,
}

impl<R: BufRead> Decoder<R> {
    /// Reads the first line.
    ///
    /// # Errors
    /// If it cannot be read, or is not the first line of an export.
    pub fn new(from: R) -> Result<Self, ExportError> {
        let mut lines = Lines { from, number: 0, hash: Blake2b::new() };
        let first = lines.next()?.ok_or(ExportError::CutOff(0))?;
        let preamble: Preamble = lines.parse(&first)?;
        if preamble.header.format != FORMAT {
            return Err(lines.wrong("it is not an export of vesting"));
        }
        if preamble.header.version != VERSION {
            return Err(ExportError::Version(preamble.header.version));
        }
        let Line::Header(Header { genesis, subnets, .. }) = lines.parse(&first)? else {
            return Err(lines.wrong("it should be the header"));
        };
        lines.hash.update(&first);
        Ok(Self {
            lines,
            genesis: genesis.0,
            netuids: subnets.iter().map(|netuid| NetUid(*netuid)).collect(),
            subnets_left: subnets.into(),
            part: None,
            netuid: None,
            end: None,
            rows: BTreeMap::new(),
            checksum: None,
        })
    }

    /// The genesis hash of the chain.
    pub const fn genesis(&self) -> BlockHash {
        self.genesis
    }

    /// The subnets of the export.
    pub fn netuids(&self) -> &[NetUid] {
        &self.netuids
    }

    /// The checksum of the lines, once the last line was read.
    pub const fn checksum(&self) -> Option<Checksum> {
        self.checksum
    }

    /// The next part. `None` after the last; by then the whole export has been verified.
    ///
    /// # Errors
    /// If the lines cannot be read, are damaged, or are not complete.
    pub fn next_part(&mut self) -> Result<Option<Commit>, ExportError> {
        while self.checksum.is_none() {
            let text = self.lines.next()?.ok_or(ExportError::CutOff(self.lines.number))?;
            let line = self.lines.parse(&text)?;
            if let Line::Trailer(trailer) = line {
                self.end(&trailer)?;
                return Ok(self.part.take().map(sorted));
            }
            self.lines.hash.update(&text);
            let done = self.take(line).map_err(|why| self.lines.wrong(why))?;
            if let Some(part) = done {
                return Ok(Some(sorted(part)));
            }
        }
        Ok(None)
    }

    /// Checks the last line against all lines before it.
    fn end(&mut self, trailer: &Trailer) -> Result<(), ExportError> {
        if self.lines.next()?.is_some() {
            return Err(self.lines.wrong("something follows the last line"));
        }
        let (computed, said) = (BlockHash(self.lines.hash.clone().finalize().into()), trailer.blake2b_256.0);
        if computed != said {
            return Err(ExportError::Checksum { computed, said });
        }
        let wrong = |netuid| ExportError::Rows { netuid: NetUid(netuid) };
        if let Some(netuid) = self.subnets_left.front() {
            return Err(wrong(*netuid));
        }
        for (netuid, rows) in &self.rows {
            if trailer.rows.get(netuid) != Some(rows) {
                return Err(wrong(*netuid));
            }
        }
        self.checksum = Some(computed);
        Ok(())
    }

    /// Takes a line between the first and the last. Returns the part that is complete with it, if any.
    fn take(&mut self, line: Line) -> Result<Option<Commit>, String> {
        match line {
            Line::Subnet(netuid) => {
                let known = self.subnets_left.pop_front().filter(|known| *known == netuid);
                known.ok_or_else(|| format!("the header does not list subnet {netuid} in this place"))?;
                self.rows.insert(netuid, BTreeMap::new());
                (self.netuid, self.end) = (Some(NetUid(netuid)), None);
                return Ok(self.part.take());
            }
            Line::Part(head) => {
                let netuid = self.netuid.ok_or("no line of a subnet comes before it")?;
                let (watermark, interval) = head.read();
                let next = Commit::without_rows(netuid, self.end, watermark, interval);
                self.end = Some(watermark.block);
                return Ok(self.part.replace(next));
            }
            row => self.row(row)?,
        }
        Ok(None)
    }

    /// Adds a row to the part being read.
    fn row(&mut self, line: Line) -> Result<(), String> {
        let part = self.part.as_mut().ok_or("no line of a part comes before it")?;
        let netuid = part.netuid;
        if let (Some(name), Some(rows)) = (line.row_name(), self.rows.get_mut(&netuid.0)) {
            let rows = rows.entry(name.to_owned()).or_default();
            *rows = rows.saturating_add(1);
        }
        match line {
            Line::Header(_) | Line::Subnet(_) | Line::Part(_) | Line::Trailer(_) => {
                return Err("it is not allowed here".to_owned());
            }
            Line::Holder(row) => part.holders.push(row.read()),
            Line::Neuron(row) => part.neurons.push(row.read()),
            Line::Succession(row) => part.successions.push(row.read()),
            Line::Skipped(row) => {
                part.skipped.push(SkippedSlot { block: BlockNumber(row.block), time: Millis(row.time) })
            }
            Line::Epoch(row) => {
                let (epoch, detected) = row.read();
                part.epochs.push(EpochRecord { epoch, detected, changes: Vec::new() });
            }
            Line::Change(row) => {
                part.epochs.last_mut().ok_or("no line of an epoch comes before it")?.changes.push(row.read())
            }
            Line::BalanceChange(row) => part.balance_changes.push(row.read()),
            Line::Entry(row) => part.entries.push(row.read(netuid)),
            Line::Time(row) => {
                if part.times.insert(BlockNumber(row.block), Millis(row.time)).is_some() {
                    return Err(format!("block {} has two times", row.block));
                }
            }
            Line::Snapshot(row) => part.snapshots.push(row.read()),
            Line::Lock(row) => part.locks.push(row.read()),
            Line::Tranche(row) => part.tranches.push(row.read(netuid)),
            Line::Exit(row) => part.exits.push(row.read(netuid)),
        }
        Ok(())
    }
}

/// Another program may have written the rows in another order.
fn sorted(mut part: Commit) -> Commit {
    part.sort();
    part
}

struct Lines<R> {
    from: R,
    /// The number of the last line read, from 1.
    number: u64,
    hash: Blake2b<U32>,
}

impl<R: BufRead> Lines<R> {
    /// The next line with its line end. `None` after the last.
    fn next(&mut self) -> Result<Option<Vec<u8>>, ExportError> {
        let mut text = Vec::new();
        let read = Read::take(&mut self.from, MAX_LINE_BYTES).read_until(b'\n', &mut text);
        match read {
            Ok(0) => return Ok(None),
            Ok(_) => {}
            // The compressed file ends early.
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                return Err(ExportError::CutOff(self.number));
            }
            Err(error) => return Err(error.into()),
        }
        self.number = self.number.saturating_add(1);
        match text.last() {
            Some(b'\n') => Ok(Some(text)),
            _ if u64::try_from(text.len()).is_ok_and(|length| length == MAX_LINE_BYTES) => {
                Err(self.wrong("it is too long"))
            }
            _ => Err(ExportError::CutOff(self.number)),
        }
    }

    fn parse<'t, T: serde::Deserialize<'t>>(&self, text: &'t [u8]) -> Result<T, ExportError> {
        serde_json::from_slice(text).map_err(|error| self.wrong(error))
    }

    fn wrong(&self, why: impl std::fmt::Display) -> ExportError {
        ExportError::Line { line: self.number, why: why.to_string() }
    }
}
