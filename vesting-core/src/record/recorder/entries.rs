//! Writing entries and successions to the ledger in order, and reading the tranches that they need.

use std::collections::BTreeMap;

use super::Recorder;
use crate::flow::settle::Settled;
use crate::ledger::{Entry, EntryId, HolderTranches, Kind, OpenTranche, Succession};
use crate::ports::{StoreError, TranchePage};
use crate::record::error::MonitorError;
use crate::record::known_tranches::Need;
use crate::units::{Coldkey, Millis};

impl Recorder<'_> {
    /// Writes the entries and successions of a block, in order.
    pub(super) async fn write(&mut self, settled: Settled, time: Millis) -> Result<(), MonitorError> {
        self.read_needed_tranches(&settled.entries, &settled.successions).await?;
        let mut successions = settled.successions.into_iter().peekable();
        for entry in settled.entries {
            // A succession comes before the first entry that it does not carry.
            while let Some(succession) = successions.next_if(|by| !by.carries(&EntryId::of(&entry))) {
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

    /// Reads the tranches that entries and successions need, where they are not in memory.
    pub(super) async fn read_needed_tranches(
        &mut self,
        entries: &[Entry],
        successions: &[Succession],
    ) -> Result<(), MonitorError> {
        let mut needs: BTreeMap<Coldkey, Need> = BTreeMap::new();
        for entry in entries.iter().filter(|entry| HolderTranches::matter_to(entry)) {
            needs.entry(entry.key.coldkey).or_default().leaving.add(entry);
        }
        for coldkey in successions.iter().flat_map(|by| [by.old, by.new]) {
            // A succession needs all tranches of both coldkeys.
            needs.entry(coldkey).or_default().all = true;
        }
        for (holder, need) in needs {
            if let Some(mut reading) = self.ledger.begin_reading(holder) {
                while let Some(page) = reading.page() {
                    let stored = self.page(holder, &page).await?;
                    self.ledger.add_to_reading(holder, &mut reading, stored);
                }
                self.ledger.finish_reading(holder, reading);
            }
            while let Some(page) = self.ledger.missing_page(holder, &need) {
                let stored = self.page(holder, &page).await?;
                self.ledger.add_page(holder, &page, stored);
            }
        }
        Ok(())
    }

    /// A page of the tranches that may belong to a holder.
    pub(super) async fn page(
        &self,
        holder: Coldkey,
        page: &TranchePage,
    ) -> Result<Vec<OpenTranche>, StoreError> {
        self.store.open_tranches(self.netuid(), &self.ledger.entered_by(holder), page).await
    }
}
