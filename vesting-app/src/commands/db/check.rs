//! `vesting db check`.

use serde::Serialize;
use vesting_core::NetUid;
use vesting_core::check::{Checked, check_store};
use vesting_core::ports::Watermark;

use super::chosen::chosen;
use crate::commands::session::Session;

/// What was checked of a subnet's record.
#[derive(Serialize)]
pub struct CheckSummary {
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

impl CheckSummary {
    pub fn new(netuid: NetUid, mark: &Watermark, checked: Checked) -> Self {
        Self {
            netuid: netuid.0,
            from: mark.first_block.0,
            to: mark.block.number.0,
            epochs: checked.epochs,
            boundaries: checked.boundaries,
            positions: checked.positions,
            entries: checked.entries,
            changes: checked.changes,
            tranches: checked.tranches,
            exits: checked.exits,
        }
    }

    pub fn message(&self) -> String {
        format!(
            "Subnet {}, blocks {} to {}: {} positions at {} ends of intervals of {} epochs are the sums of \
             {} entries; {} changes by epoch and interval, {} tranches and {} exits agree with them.",
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

pub async fn run(session: &mut Session) -> anyhow::Result<()> {
    let store = session.open_record()?;
    for netuid in chosen(session, &store.netuids().await?, "the database")? {
        let (mark, found) = check_store(store.as_ref(), netuid).await?;
        let line = CheckSummary::new(netuid, &mark, found);
        if session.json {
            session.out.json(&line)?;
        } else {
            session.out.line(line.message())?;
        }
    }
    Ok(())
}
