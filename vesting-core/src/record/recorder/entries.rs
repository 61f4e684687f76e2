//! Entries and successions, written to the ledger in order, with the tranches that they bear on.

use std::collections::BTreeMap;

use super::Recorder;
use crate::flow::settle::Settled;
use crate::ledger::{Entry, HolderTranches, Kind, OpenTranche, Succession};
use crate::ports::{StoreError, TranchePage};
use crate::record::error::MonitorError;
use crate::record::known_tranches::Need;
use crate::units::{Coldkey, Millis};

impl Recorder<'_> {
    /// Writes what a block did, in order.
    pub(super) async fn write(&mut self, settled: Settled, time: Millis) -> Result<(), MonitorError> {
        self.know_tranches(&settled.entries, &settled.successions).await?;
        let mut successions = settled.successions.into_iter().peekable();
        for entry in settled.entries {
            let reached = |index: u32| match entry.kind {
                Kind::Incentive | Kind::DividendOrOther => false,
                Kind::Unattributed | Kind::Rounding => true,
                _ => entry.source.is_some_and(|source| source.event_index >= index),
            };
            while let Some(succession) = successions.next_if(|s| reached(s.event_index)) {
                self.ledger.succeed(succession, time);
            }
            let received = entry.source.is_some_and(|source| settled.received.contains(&source.event_index));
            if received && entry.kind == Kind::KeySwap {
                self.ledger.receive(entry, time);
            } else {
                self.ledger.add(entry, time);
            }
        }
        for succession in successions {
            self.ledger.succeed(succession, time);
        }
        Ok(())
    }

    /// Reads the tranches that entries and successions bear on, where they are not at hand.
    pub(super) async fn know_tranches(
        &mut self,
        entries: &[Entry],
        successions: &[Succession],
    ) -> Result<(), MonitorError> {
        let mut needs: BTreeMap<Coldkey, Need> = BTreeMap::new();
        for entry in entries.iter().filter(|entry| HolderTranches::matter_to(entry)) {
            needs.entry(entry.key.coldkey).or_default().leaving.add(entry);
        }
        for coldkey in successions.iter().flat_map(|by| [by.old, by.new]) {
            // Of one name or the other.
            needs.entry(coldkey).or_default().all = true;
        }
        for (holder, need) in needs {
            if let Some(mut reading) = self.ledger.reading(holder) {
                while let Some(page) = reading.page() {
                    let stored = self.page(holder, &page).await?;
                    self.ledger.take_reading(holder, &mut reading, stored);
                }
                self.ledger.read_tranches(holder, reading);
            }
            while let Some(page) = self.ledger.lacks(holder, &need) {
                let stored = self.page(holder, &page).await?;
                self.ledger.take_page(holder, &page, stored);
            }
        }
        Ok(())
    }

    /// A page of the tranches that may be a holder's.
    pub(super) async fn page(
        &self,
        holder: Coldkey,
        page: &TranchePage,
    ) -> Result<Vec<OpenTranche>, StoreError> {
        self.store.open_tranches(self.netuid(), &self.ledger.entered_by(holder), page).await
    }
}
