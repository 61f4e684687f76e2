//! `vesting db check`.

use anyhow::Context;
use serde::Serialize;
use vesting_core::NetUid;
use vesting_core::check::{Checked, check, check_state, open_tranches};
use vesting_core::ports::{Commit, StakeStore};

use super::{Session, chosen};

/// What was checked of a subnet.
#[derive(Serialize)]
pub struct Line {
    netuid: u16,
    from: u64,
    to: u64,
    epochs: u64,
    boundaries: u64,
    positions: u64,
    entries: u64,
    changes: u64,
    tranches: u64,
    exits: u64,
}

impl Line {
    pub fn new(record: &Commit, checked: Checked) -> Self {
        Self {
            netuid: record.netuid.0,
            from: record.watermark.first_block.0,
            to: record.watermark.block.number.0,
            epochs: checked.epochs,
            boundaries: checked.boundaries,
            positions: checked.positions,
            entries: checked.entries,
            changes: checked.changes,
            tranches: checked.tranches,
            exits: checked.exits,
        }
    }

    pub fn words(&self) -> String {
        format!(
            "Subnet {}, blocks {} to {}: {} positions at {} ends of intervals of {} epochs are the sums of {} entries; {} changes by epoch and interval, {} tranches and {} exits agree with them.",
            self.netuid,
            self.from,
            self.to,
            self.positions,
            self.boundaries,
            self.epochs,
            self.entries,
            self.changes,
            self.tranches,
            self.exits
        )
    }
}

/// The record of a subnet in a store, checked.
pub async fn checked(store: &dyn StakeStore, netuid: NetUid) -> anyhow::Result<(Commit, Checked)> {
    let gone = || format!("the record of subnet {netuid} is gone");
    let record = store.record(netuid).await?.with_context(gone)?;
    let found = check(&record)?;
    let state = store.ledger_state(netuid).await?.with_context(gone)?;
    check_state(&record, &state, &open_tranches(store, &record).await?)?;
    Ok((record, found))
}

pub async fn run(session: &mut Session) -> anyhow::Result<()> {
    let store = session.record()?;
    for netuid in chosen(session, &store.netuids().await?, "the database")? {
        let (record, found) = checked(store.as_ref(), netuid).await?;
        let line = Line::new(&record, found);
        if session.json {
            session.out.json(&line)?;
        } else {
            session.out.line(line.words())?;
        }
    }
    Ok(())
}
