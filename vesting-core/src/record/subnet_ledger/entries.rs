//! Adding holders, entries and successions to a ledger.

use std::collections::BTreeMap;

use crate::ledger::{Entry, Kind, Succession, TrancheChange};
use crate::ports::Holder;
use crate::record::subnet_ledger::ledger::SubnetLedger;
use crate::units::{BlockNumber, Coldkey, Millis, PositionKey, Rao};

impl SubnetLedger {
    /// Follows a coldkey from the end of block `since` on, with the positions it has there.
    pub fn open_holder(
        &mut self,
        coldkey: Coldkey,
        since: BlockNumber,
        time: Millis,
        positions: &BTreeMap<PositionKey, Rao>,
    ) {
        if self.holders.contains_key(&coldkey) {
            return;
        }
        self.holders.insert(coldkey, since);
        self.pending.holders.push(Holder { coldkey, since });
        for (key, alpha) in
            positions.iter().filter(|(key, alpha)| key.coldkey == coldkey && **alpha > Rao::ZERO)
        {
            self.add(
                Entry {
                    netuid: self.netuid,
                    block: since,
                    source: None,
                    key: *key,
                    kind: Kind::Opening,
                    alpha: alpha.delta(),
                },
                time,
            );
        }
    }

    /// Adds an entry of a holder, with the time of its block. Entries must come in ledger order. The holder's
    /// tranches must have been read if they [matter](crate::ledger::HolderTranches::matter_to).
    pub fn add(&mut self, entry: Entry, time: Millis) {
        let change = self.tranches.of_holder(entry.key.coldkey).apply(&entry, time);
        self.book(entry, time, change);
    }

    /// Adds the entry of a key swap by which a holder received stake from a coldkey that was no holder.
    pub fn receive(&mut self, entry: Entry, time: Millis) {
        let change = self.tranches.of_holder(entry.key.coldkey).receive(&entry, time);
        self.book(entry, time, change);
    }

    fn book(&mut self, entry: Entry, time: Millis, change: TrancheChange) {
        self.pending.times.insert(entry.block, time);
        *self.balances.entry(entry.key).or_default() += entry.alpha;
        self.queue(change);
        self.pending.entries.push(entry);
        // Openings at the block where the interval starts are part of its start.
        if self.interval.from.is_some_and(|from| entry.block <= from) {
            *self.interval_start.entry(entry.key).or_default() += entry.alpha;
        } else {
            self.interval_entries.push(entry);
        }
    }

    fn queue(&mut self, change: TrancheChange) {
        self.pending.tranches.extend(change.opened);
        self.pending.exits.extend(change.exits);
    }

    /// Lets a coldkey continue as the holder that swapped its key for it. The tranches of both must have been
    /// read.
    pub fn succeed(&mut self, succession: Succession, time: Millis) {
        let old = self.tranches.take_out(succession.old);
        let change = self.tranches.of_holder(succession.new).take_over(
            old,
            self.netuid,
            succession.new,
            &succession,
            time,
        );
        self.queue(change);
        self.successions.push(succession);
        self.pending.successions.push(succession);
    }
}
