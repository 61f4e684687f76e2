//! Writes records as lines.

use std::collections::BTreeMap;
use std::io::{self, Write};

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use vesting_core::ports::Commit;
use vesting_core::{BlockHash, NetUid};

use super::format::{Checksum, FORMAT, VERSION};
use super::line::{BlockTimeLine, EpochLine, Header, Line, PartHead, Trailer};
use super::text::Spelled;

/// Writes records as lines, part by part. The same parts give the same bytes.
pub struct Encoder<W: Write> {
    to: W,
    /// The hash of all lines so far.
    hash: Blake2b<U32>,
    /// The subnet being written.
    netuid: Option<NetUid>,
    /// The number of rows of each kind so far, by subnet.
    rows: BTreeMap<u16, BTreeMap<String, u64>>,
}

impl<W: Write> Encoder<W> {
    /// Writes the first line.
    ///
    /// # Errors
    /// If writing fails.
    pub fn new(to: W, genesis: BlockHash, netuids: &[NetUid]) -> io::Result<Self> {
        let mut encoder = Self { to, hash: Blake2b::new(), netuid: None, rows: BTreeMap::new() };
        encoder.line(&Line::Header(Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            genesis: Spelled(genesis),
            subnets: netuids.iter().map(|netuid| netuid.0).collect(),
        }))?;
        Ok(encoder)
    }

    /// Writes the next part of a record. The subnets come one after the other, in the order of the first
    /// line.
    ///
    /// # Errors
    /// If writing fails.
    pub fn part(&mut self, part: &Commit) -> io::Result<()> {
        if self.netuid.replace(part.netuid) != Some(part.netuid) {
            self.rows.insert(part.netuid.0, BTreeMap::new());
            self.line(&Line::Subnet(part.netuid.0))?;
        }
        self.line(&Line::Part(PartHead::new(&part.watermark, &part.interval)))?;
        part.holders.iter().try_for_each(|row| self.line(&Line::Holder(row.into())))?;
        part.neurons.iter().try_for_each(|row| self.line(&Line::Neuron(row.into())))?;
        part.successions.iter().try_for_each(|row| self.line(&Line::Succession(row.into())))?;
        part.skipped.iter().try_for_each(|row| self.line(&Line::Skipped(row.into())))?;
        for row in &part.epochs {
            self.line(&Line::Epoch(EpochLine::new(&row.epoch, row.detected)))?;
            row.changes.iter().try_for_each(|row| self.line(&Line::Change(row.into())))?;
        }
        part.balance_changes.iter().try_for_each(|row| self.line(&Line::BalanceChange(row.into())))?;
        part.entries.iter().try_for_each(|row| self.line(&Line::Entry(row.into())))?;
        part.times.iter().try_for_each(|(block, time)| {
            self.line(&Line::Time(BlockTimeLine { block: block.0, time: time.0 }))
        })?;
        part.snapshots.iter().try_for_each(|row| self.line(&Line::Snapshot(row.into())))?;
        part.locks.iter().try_for_each(|row| self.line(&Line::Lock(row.into())))?;
        part.tranches.iter().try_for_each(|row| self.line(&Line::Tranche(row.into())))?;
        part.exits.iter().try_for_each(|row| self.line(&Line::Exit(row.into())))
    }

    /// Writes the last line. Returns the writer and the checksum.
    ///
    /// # Errors
    /// If writing fails.
    pub fn finish(mut self) -> io::Result<(W, Checksum)> {
        let checksum = BlockHash(self.hash.clone().finalize().into());
        let rows = std::mem::take(&mut self.rows);
        self.line(&Line::Trailer(Trailer { rows, blake2b_256: Spelled(checksum) }))?;
        Ok((self.to, checksum))
    }

    fn line(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.hash.update(&text);
        self.to.write_all(&text)?;
        let rows = self.netuid.and_then(|netuid| self.rows.get_mut(&netuid.0));
        if let (Some(name), Some(rows)) = (line.row_name(), rows) {
            let rows = rows.entry(name.to_owned()).or_default();
            *rows = rows.saturating_add(1);
        }
        Ok(())
    }
}
