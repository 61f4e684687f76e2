//! Lines as records.

use std::collections::BTreeMap;
use std::io::{BufRead, Read};

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use vesting_core::ports::Commit;
use vesting_core::{BlockHash, BlockNumber, EpochRecord, Millis, NetUid, SkippedSlot};

use super::line::{FORMAT, Header, Line, Preamble, SubnetHead, Trailer};
use super::{Checksum, Export, ExportError, VERSION};

/// No line is longer; the longest is the first, with the operations of every open interval.
const LONGEST: u64 = 1 << 26;

/// Reads an export from lines, to the end. What is given was written by [`encode`](super::encode), all of it.
///
/// # Errors
/// Whatever is wrong with it.
pub fn decode(from: &mut dyn BufRead) -> Result<(Export, Checksum), ExportError> {
    let mut lines = Lines { from, number: 0, hash: Blake2b::new() };
    let first = lines.next()?.ok_or(ExportError::CutOff(0))?;
    let preamble: Preamble = lines.parse(&first)?;
    if preamble.header.format != FORMAT {
        return Err(lines.wrong("it is no export of vesting"));
    }
    if preamble.header.version != VERSION {
        return Err(ExportError::Version(preamble.header.version));
    }
    let Line::Header(header) = lines.parse(&first)? else { return Err(lines.wrong("the header should stand here")) };
    lines.hash.update(&first);
    let (mut records, genesis) = Records::new(header);
    let trailer = loop {
        let text = lines.next()?.ok_or(ExportError::CutOff(lines.number))?;
        match lines.parse(&text)? {
            Line::Trailer(trailer) => break trailer,
            line => records.take(line).map_err(|why| lines.wrong(why))?,
        }
        lines.hash.update(&text);
    };
    if lines.next()?.is_some() {
        return Err(lines.wrong("something follows the last line"));
    }
    let (computed, said) = (BlockHash(lines.hash.finalize().into()), trailer.blake2b_256.0);
    if computed != said {
        return Err(ExportError::Checksum { computed, said });
    }
    Ok((Export { genesis, records: records.finish(&trailer)? }, computed))
}

struct Lines<'a> {
    from: &'a mut dyn BufRead,
    /// The number of the last line read, from 1.
    number: u64,
    hash: Blake2b<U32>,
}

impl Lines<'_> {
    /// The next line with its end; none after the last.
    fn next(&mut self) -> Result<Option<Vec<u8>>, ExportError> {
        let mut text = Vec::new();
        let read = Read::take(&mut *self.from, LONGEST).read_until(b'\n', &mut text);
        match read {
            Ok(0) => return Ok(None),
            Ok(_) => {}
            // A compressed file that ends early.
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Err(ExportError::CutOff(self.number)),
            Err(error) => return Err(error.into()),
        }
        self.number = self.number.saturating_add(1);
        match text.last() {
            Some(b'\n') => Ok(Some(text)),
            _ if u64::try_from(text.len()).is_ok_and(|length| length == LONGEST) => Err(self.wrong("it is too long")),
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

/// The records as far as they were read.
struct Records {
    /// Those still to come, the next one last.
    heads: Vec<SubnetHead>,
    done: Vec<(Commit, BTreeMap<String, u64>)>,
}

fn empty(head: &SubnetHead) -> Commit {
    let (watermark, interval) = head.read();
    Commit::without_rows(NetUid(head.netuid), None, watermark, interval)
}

impl Records {
    fn new(header: Header) -> (Self, BlockHash) {
        let mut heads = header.subnets;
        heads.reverse();
        (Self { heads, done: Vec::new() }, header.genesis.0)
    }

    /// Takes in a line between the first and the last.
    fn take(&mut self, line: Line) -> Result<(), String> {
        if let Line::Subnet(netuid) = line {
            let head = self.heads.pop().filter(|head| head.netuid == netuid);
            let head = head.ok_or_else(|| format!("the header does not tell of subnet {netuid} in this place"))?;
            self.done.push((empty(&head), BTreeMap::new()));
            return Ok(());
        }
        let (record, rows) = self.done.last_mut().ok_or("no line says of which subnet it is")?;
        if let Some(sort) = line.sort() {
            let rows = rows.entry(sort.to_owned()).or_default();
            *rows = rows.saturating_add(1);
        }
        let netuid = record.netuid;
        match line {
            Line::Header(_) | Line::Subnet(_) | Line::Trailer(_) => return Err("it should not stand here".to_owned()),
            Line::Holder(row) => record.holders.push(row.read()),
            Line::Neuron(row) => record.neurons.push(row.read()),
            Line::Succession(row) => record.successions.push(row.read()),
            Line::Skipped(row) => record.skipped.push(SkippedSlot { block: BlockNumber(row.block), time: Millis(row.time) }),
            Line::Epoch(row) => {
                let (epoch, detected) = row.read();
                record.epochs.push(EpochRecord { epoch, detected, changes: Vec::new() });
            }
            Line::Change(row) => record.epochs.last_mut().ok_or("no epoch stands before it")?.changes.push(row.read()),
            Line::BalanceChange(row) => record.balance_changes.push(row.read()),
            Line::Entry(row) => record.entries.push(row.read(netuid)),
            Line::Time(row) => {
                if record.times.insert(BlockNumber(row.block), Millis(row.time)).is_some() {
                    return Err(format!("the time of block {} is there twice", row.block));
                }
            }
            Line::Snapshot(row) => record.snapshots.push(row.read()),
            Line::Lock(row) => record.locks.push(row.read()),
            Line::Tranche(row) => record.tranches.push(row.read(netuid)),
            Line::Exit(row) => record.exits.push(row.read(netuid)),
        }
        Ok(())
    }

    /// The records, which must have the rows that the last line tells.
    fn finish(self, trailer: &Trailer) -> Result<Vec<Commit>, ExportError> {
        let wrong = |netuid| ExportError::Rows { netuid: NetUid(netuid) };
        if let Some(head) = self.heads.last() {
            return Err(wrong(head.netuid));
        }
        for (record, rows) in &self.done {
            if trailer.rows.get(&record.netuid.0) != Some(rows) {
                return Err(wrong(record.netuid.0));
            }
        }
        // A file made by others may have them in another order.
        let sorted = |(mut record, _): (Commit, _)| {
            record.sort();
            record
        };
        Ok(self.done.into_iter().map(sorted).collect())
    }
}
