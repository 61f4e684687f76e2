//! Records as lines.

use std::collections::BTreeMap;
use std::io::{self, Write};

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use vesting_core::BlockHash;
use vesting_core::ports::Commit;

use super::line::{EpochLine, FORMAT, Header, Line, MomentLine, SubnetHead, Trailer};
use super::text::Name;
use super::{Checksum, Export, VERSION};

/// Writes an export as lines; the same records give the same bytes.
///
/// # Errors
/// When `to` takes no more.
pub fn encode(export: &Export, to: &mut dyn Write) -> io::Result<Checksum> {
    let mut lines = Lines { to, hash: Blake2b::new(), rows: BTreeMap::new() };
    lines.put(&Line::Header(Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        genesis: Name(export.genesis),
        subnets: export.records.iter().map(|record| SubnetHead::new(record.netuid, &record.watermark, &record.interval)).collect(),
    }))?;
    let mut rows = BTreeMap::new();
    for record in &export.records {
        lines.record(record)?;
        rows.insert(record.netuid.0, std::mem::take(&mut lines.rows));
    }
    let checksum = BlockHash(lines.hash.clone().finalize().into());
    lines.put(&Line::Trailer(Trailer { rows, blake2b_256: Name(checksum) }))?;
    Ok(checksum)
}

struct Lines<'a> {
    to: &'a mut dyn Write,
    /// Of all lines so far.
    hash: Blake2b<U32>,
    /// How many of each sort, of the subnet at hand.
    rows: BTreeMap<String, u64>,
}

impl Lines<'_> {
    fn put(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.hash.update(&text);
        self.to.write_all(&text)?;
        if let Some(sort) = line.sort() {
            let rows = self.rows.entry(sort.to_owned()).or_default();
            *rows = rows.saturating_add(1);
        }
        Ok(())
    }

    fn record(&mut self, record: &Commit) -> io::Result<()> {
        self.put(&Line::Subnet(record.netuid.0))?;
        record.holders.iter().try_for_each(|row| self.put(&Line::Holder(row.into())))?;
        record.neurons.iter().try_for_each(|row| self.put(&Line::Neuron(row.into())))?;
        record.successions.iter().try_for_each(|row| self.put(&Line::Succession(row.into())))?;
        record.skipped.iter().try_for_each(|row| self.put(&Line::Skipped(row.into())))?;
        for row in &record.epochs {
            self.put(&Line::Epoch(EpochLine::new(&row.epoch, row.detected)))?;
            row.changes.iter().try_for_each(|row| self.put(&Line::Change(row.into())))?;
        }
        record.balance_changes.iter().try_for_each(|row| self.put(&Line::BalanceChange(row.into())))?;
        record.entries.iter().try_for_each(|row| self.put(&Line::Entry(row.into())))?;
        record.times.iter().try_for_each(|(block, time)| self.put(&Line::Time(MomentLine { block: block.0, time: time.0 })))?;
        record.snapshots.iter().try_for_each(|row| self.put(&Line::Snapshot(row.into())))?;
        record.locks.iter().try_for_each(|row| self.put(&Line::Lock(row.into())))?;
        record.tranches.iter().try_for_each(|row| self.put(&Line::Tranche(row.into())))?;
        record.exits.iter().try_for_each(|row| self.put(&Line::Exit(row.into())))
    }
}
