//! A stretch of the record that is read once. The ledger of each window in it is cut from it.

use std::collections::{BTreeMap, BTreeSet};

use crate::block::Epoch;
use crate::ledger::{Entry, Successions};
use crate::ports::{NeuronRow, ReadRecord};
use crate::report::TrackerError;
use crate::store::{balances, newest_epochs};
use crate::units::{BlockNumber, Coldkey, Millis, NetUid, Neuron, PositionKey, RaoDelta, Uid};
use crate::window::{Window, WindowLedger};

/// Entries are read for this many epochs at once, so that the entries of one holder are picked without all of
/// them in memory.
const EPOCHS_AT_ONCE: usize = 32;

/// What to read of the record.
pub(crate) struct StretchQuery {
    pub(crate) netuid: NetUid,
    /// The last epoch is the last one up to this block; `None` for the last recorded.
    pub(crate) as_of: Option<BlockNumber>,
    /// The number of windows: one as of each of the last epochs.
    pub(crate) windows: usize,
    /// The length of the longest window.
    pub(crate) length: Millis,
    /// Whether to read the times of blocks with entries too.
    pub(crate) times: bool,
    /// One holder, with the coldkeys before it; `None` for all holders.
    pub(crate) only: Option<Coldkey>,
}

/// What was read of the record.
pub(crate) struct Stretch {
    netuid: NetUid,
    recorded: (BlockNumber, Millis),
    epochs: Vec<Epoch>,
    /// The place of the first epoch at which a window ends.
    first: usize,
    neurons: Vec<NeuronRow>,
    pub(crate) successions: Successions,
    /// The balances at the start of the earliest window.
    balances: BTreeMap<PositionKey, RaoDelta>,
    entries: Vec<Entry>,
    pub(crate) times: BTreeMap<BlockNumber, Millis>,
}

impl Stretch {
    pub(crate) async fn read(store: &dyn ReadRecord, ask: StretchQuery) -> Result<Self, TrackerError> {
        let netuid = ask.netuid;
        let watermark = store.watermark(netuid).await?.ok_or(TrackerError::NotRecorded(netuid))?;
        let asked = ask.as_of.unwrap_or(watermark.block.number);
        // A pruned record has no entries of the epochs before its first block.
        let epochs = newest_epochs(store, netuid, watermark.first_block, asked, |epochs| {
            reaches(epochs, ask.windows, ask.length)
        })
        .await?;
        let recorded = (watermark.first_block, watermark.first_time);
        let first = epochs.len().saturating_sub(ask.windows);
        let as_of = epochs.get(first..).unwrap_or_default();
        let start_of = |epoch: &Epoch| {
            Window::ending_at(&epochs, epoch.block.number, ask.length, recorded).map(|window| window.start)
        };
        // The first window starts first: windows that end later start no earlier.
        let start = as_of.first().and_then(start_of);
        let (Some(start), Some(last)) = (start, as_of.last()) else {
            return Err(TrackerError::NoEpoch { netuid, as_of: asked, from: watermark.first_block });
        };
        let end = last.block.number;
        let mut neurons = store.neurons(netuid, end).await?;
        let successions = Successions::new(store.successions(netuid, end).await?);
        let names = ask.only.map(|coldkey| kin(coldkey, &successions));
        let concerns = |coldkey: &Coldkey| names.as_ref().is_none_or(|names| names.contains(coldkey));
        let base = epochs.iter().map(|epoch| epoch.block.number).rfind(|block| *block <= start);
        let mut balances = balances::at(store, netuid, base, start).await?;
        balances.retain(|key, _| concerns(&key.coldkey));
        for row in &mut neurons {
            row.holder = row.holder.filter(|(_, coldkey)| concerns(coldkey));
        }
        let times =
            if ask.times { store.block_times(netuid, start.child(), end).await? } else { BTreeMap::new() };
        let (mut entries, mut from) = (Vec::new(), start.child());
        let inside: Vec<BlockNumber> =
            epochs.iter().map(|epoch| epoch.block.number).filter(|block| *block > start).collect();
        for to in inside.chunks(EPOCHS_AT_ONCE).filter_map(|some| some.last()) {
            let some = store.entries(netuid, from, *to).await?;
            entries.extend(some.into_iter().filter(|entry| concerns(&entry.key.coldkey)));
            from = to.child();
        }
        Ok(Self { netuid, recorded, epochs, first, neurons, successions, balances, entries, times })
    }

    /// The error for a record without an epoch up to `as_of`.
    pub(crate) fn no_epoch(&self, as_of: Option<BlockNumber>) -> TrackerError {
        TrackerError::NoEpoch { netuid: self.netuid, as_of: as_of.unwrap_or_default(), from: self.recorded.0 }
    }

    /// The ledger of each window of this length, in order.
    pub(crate) fn ledgers(&self, length: Millis) -> Ledgers<'_> {
        Ledgers { stretch: self, length, epoch: self.first, entered: 0, balances: self.balances.clone() }
    }

    /// The neurons at the end of a block.
    pub(crate) fn neurons_at(&self, block: BlockNumber) -> BTreeMap<Uid, Neuron> {
        let mut neurons: BTreeMap<Uid, Neuron> = BTreeMap::new();
        for row in self.neurons.iter().filter(|row| row.block <= block) {
            match row.holder {
                Some((hotkey, coldkey)) => neurons.insert(row.uid, Neuron { uid: row.uid, hotkey, coldkey }),
                None => neurons.remove(&row.uid),
            };
        }
        neurons
    }
}

/// Whether the epochs reach back to the start of the earliest of this many windows.
fn reaches(epochs: &[Epoch], windows: usize, length: Millis) -> bool {
    let earliest = epochs.len().checked_sub(windows).and_then(|place| epochs.get(place));
    let begins_before =
        |end: &Epoch| epochs.first().is_some_and(|first| first.time.0.saturating_add(length.0) <= end.time.0);
    earliest.is_some_and(begins_before)
}

/// The coldkey, with every coldkey that one of them was swapped from or to.
fn kin(coldkey: Coldkey, successions: &Successions) -> BTreeSet<Coldkey> {
    let mut names = BTreeSet::from([coldkey]);
    loop {
        let more = successions.iter().filter(|by| names.contains(&by.old) != names.contains(&by.new));
        let more: Vec<Coldkey> = more.flat_map(|by| [by.old, by.new]).collect();
        if more.is_empty() {
            return names;
        }
        names.extend(more);
    }
}

/// The ledgers of windows that end later and later. What one window leaves behind is added to the opening
/// balances of the next, and is not read again.
pub(crate) struct Ledgers<'a> {
    stretch: &'a Stretch,
    length: Millis,
    epoch: usize,
    entered: usize,
    balances: BTreeMap<PositionKey, RaoDelta>,
}

impl Iterator for Ledgers<'_> {
    type Item = WindowLedger;

    fn next(&mut self) -> Option<WindowLedger> {
        let stretch = self.stretch;
        let end = stretch.epochs.get(self.epoch)?.block.number;
        self.epoch = self.epoch.saturating_add(1);
        let window = Window::ending_at(&stretch.epochs, end, self.length, stretch.recorded)?;
        while let Some(entry) = stretch.entries.get(self.entered).filter(|entry| entry.block <= window.start)
        {
            balances::add(&mut self.balances, [entry]);
            self.entered = self.entered.saturating_add(1);
        }
        let reached = stretch.entries.partition_point(|entry| entry.block <= end);
        let inside = stretch.entries.get(self.entered..reached).unwrap_or_default();
        Some(WindowLedger::of(
            stretch.netuid,
            window,
            &stretch.neurons,
            &stretch.successions,
            self.balances.clone(),
            inside,
        ))
    }
}
