//! Where two states begin to differ.

use std::fmt;

use super::state::WindowState;
use super::summary::StateSummary;
use crate::ledger::{Entry, EntryOrder, Succession};
use crate::score::multiplier::Multiplier;
use crate::units::{BlockHash, BlockNumber, BlockRef, Coldkey, NetUid, Neuron, PositionKey};
use crate::window::Opening;

/// A part of a state. The parts are in an order in which none depends on a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatePart {
    /// They are of different chains.
    Chain,
    /// They are of different subnets.
    Subnet,
    /// They are as of different blocks.
    AsOf,
    /// The subnet was registered in different blocks.
    Registration,
    /// The windows start at different blocks.
    Start,
    /// Who holds which uid.
    Neurons,
    /// Who is a holder of the window, and since when.
    Holders,
    /// Which holders continued under another coldkey.
    Successions,
    /// What positions held when their holders' histories began.
    Openings,
    /// The entries of these blocks.
    Entries {
        /// The first block.
        from: BlockNumber,
        /// The last block.
        to: BlockNumber,
    },
    /// The multipliers. Everything else is the same, so the policies differ.
    Multipliers,
}

impl fmt::Display for StatePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chain => f.write_str("the chains"),
            Self::Subnet => f.write_str("the subnets"),
            Self::AsOf => f.write_str("the blocks as of which they are"),
            Self::Registration => f.write_str("the blocks in which the subnet was registered"),
            Self::Start => f.write_str("the blocks at which the windows start"),
            Self::Neurons => f.write_str("the neurons"),
            Self::Holders => f.write_str("the holders"),
            Self::Successions => f.write_str("the coldkeys that were swapped"),
            Self::Openings => f.write_str("the openings"),
            Self::Entries { from, to } => write!(f, "the entries of blocks {from} to {to}"),
            Self::Multipliers => f.write_str("the multipliers"),
        }
    }
}

impl StateSummary {
    /// The first part that differs from `theirs`; `None` where the digests are the same.
    #[must_use]
    pub fn difference(&self, theirs: &Self) -> Option<StatePart> {
        let mut ranges = self.ranges.iter().zip(&theirs.ranges);
        let entries = ranges
            .find(|(a, b)| a != b)
            .map(|(a, b)| StatePart::Entries { from: a.from.min(b.from), to: a.to.max(b.to) });
        // One state has ranges that the other lacks.
        let longer = if self.ranges.len() > theirs.ranges.len() { &self.ranges } else { &theirs.ranges };
        let shorter = self.ranges.len().min(theirs.ranges.len());
        let beyond = longer.get(shorter).map(|range| StatePart::Entries { from: range.from, to: range.to });
        let parts = [
            (self.genesis != theirs.genesis).then_some(StatePart::Chain),
            (self.netuid != theirs.netuid).then_some(StatePart::Subnet),
            (self.as_of != theirs.as_of).then_some(StatePart::AsOf),
            (self.registered_at != theirs.registered_at).then_some(StatePart::Registration),
            (self.start != theirs.start).then_some(StatePart::Start),
            (self.neurons != theirs.neurons).then_some(StatePart::Neurons),
            (self.holders != theirs.holders).then_some(StatePart::Holders),
            (self.successions != theirs.successions).then_some(StatePart::Successions),
            (self.openings != theirs.openings).then_some(StatePart::Openings),
            entries.or(beyond),
            (self.multipliers != theirs.multipliers).then_some(StatePart::Multipliers),
        ];
        parts.into_iter().flatten().next()
    }
}

/// A row that differs between two states: it is missing from one, or has another value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows<T> {
    /// Ours.
    pub ours: Option<T>,
    /// Theirs.
    pub theirs: Option<T>,
}

impl<T: Copy + PartialEq> Rows<T> {
    /// The first difference between two lists of rows that are in order of `key`.
    fn first<K: Ord>(
        ours: impl IntoIterator<Item = T>,
        theirs: impl IntoIterator<Item = T>,
        key: impl Fn(&T) -> K,
    ) -> Option<Self> {
        let (mut ours, mut theirs) = (ours.into_iter(), theirs.into_iter());
        loop {
            let found = Self { ours: ours.next(), theirs: theirs.next() };
            match (found.ours, found.theirs) {
                (None, None) => return None,
                (Some(a), Some(b)) if a == b => {}
                (Some(a), Some(b)) if key(&a) < key(&b) => return Some(Self { theirs: None, ..found }),
                (Some(a), Some(b)) if key(&a) > key(&b) => return Some(Self { ours: None, ..found }),
                _ => return Some(found),
            }
        }
    }
}

impl<T: Copy> Rows<T> {
    fn write(
        &self,
        f: &mut fmt::Formatter<'_>,
        what: impl Fn(T) -> String,
        amount: impl Fn(T) -> String,
    ) -> fmt::Result {
        let words = |row: Option<T>| row.map_or_else(|| "missing".to_owned(), &amount);
        match self.ours.or(self.theirs) {
            Some(row) => write!(f, "{}: {} here, {} there", what(row), words(self.ours), words(self.theirs)),
            None => Ok(()),
        }
    }
}

/// The first difference between two states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// They are of different chains.
    Chain(Rows<BlockHash>),
    /// They are of different subnets.
    Subnet(Rows<NetUid>),
    /// They are as of different blocks.
    AsOf(Rows<BlockRef>),
    /// The subnet was registered in different blocks.
    Registration(Rows<BlockNumber>),
    /// The windows start at different blocks.
    Start(Rows<BlockNumber>),
    /// A neuron.
    Neuron(Rows<Neuron>),
    /// A holder, and the block at whose end its history starts.
    Holder(Rows<(Coldkey, BlockNumber)>),
    /// A coldkey that took over from a holder.
    Succession(Rows<Succession>),
    /// What a position held when its holder's history began.
    Opening(Rows<Opening>),
    /// An entry.
    Entry(Rows<Entry>),
    /// A holder's multiplier.
    Multiplier(Rows<(Coldkey, Multiplier)>),
}

impl WindowState {
    /// The first difference from `theirs`; `None` where the digests and the ranges of entries are the same.
    #[must_use]
    pub fn difference(&self, theirs: &Self) -> Option<Difference> {
        fn one<T: Copy + PartialEq>(ours: T, theirs: T) -> Option<Rows<T>> {
            (ours != theirs).then_some(Rows { ours: Some(ours), theirs: Some(theirs) })
        }
        let (a, b) = (&self.ledger, &theirs.ledger);
        let multipliers = |state: &Self| state.multipliers.clone().into_iter();
        None.or_else(|| one(self.genesis, theirs.genesis).map(Difference::Chain))
            .or_else(|| one(a.netuid, b.netuid).map(Difference::Subnet))
            .or_else(|| one(a.window.as_of.block, b.window.as_of.block).map(Difference::AsOf))
            .or_else(|| {
                one(a.window.as_of.registered_at, b.window.as_of.registered_at).map(Difference::Registration)
            })
            .or_else(|| one(a.window.start, b.window.start).map(Difference::Start))
            .or_else(|| {
                Rows::first(self.neurons.clone(), theirs.neurons.clone(), |n| n.uid).map(Difference::Neuron)
            })
            .or_else(|| {
                Rows::first(a.holders.clone(), b.holders.clone(), |(coldkey, _)| *coldkey)
                    .map(Difference::Holder)
            })
            .or_else(|| {
                Rows::first(a.successions.clone(), b.successions.clone(), |s| (s.block, s.event_index))
                    .map(Difference::Succession)
            })
            .or_else(|| {
                Rows::first(a.openings.clone(), b.openings.clone(), |o| (o.block, o.event_index, o.key))
                    .map(Difference::Opening)
            })
            .or_else(|| {
                Rows::first(digested(&a.entries), digested(&b.entries), |entry| -> EntryOrder {
                    entry.order()
                })
                .map(Difference::Entry)
            })
            .or_else(|| {
                Rows::first(multipliers(self), multipliers(theirs), |(coldkey, _)| *coldkey)
                    .map(Difference::Multiplier)
            })
    }
}

/// The parts of entries that the digest covers.
fn digested(entries: &[Entry]) -> impl Iterator<Item = Entry> {
    entries.iter().map(|entry| Entry {
        source: entry
            .source
            .map(|s| crate::ledger::Source { phase: crate::block::Phase::Initialization, ..s }),
        ..*entry
    })
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let position = |key: PositionKey| format!("hotkey {}, coldkey {}", key.hotkey, key.coldkey);
        let event = |index: Option<u32>| index.map_or_else(String::new, |index| format!(", event {index}"));
        match self {
            Self::Chain(rows) => {
                rows.write(f, |_| StatePart::Chain.to_string(), |genesis| genesis.to_string())
            }
            Self::Subnet(rows) => {
                rows.write(f, |_| StatePart::Subnet.to_string(), |netuid| netuid.to_string())
            }
            Self::AsOf(rows) => rows.write(f, |_| StatePart::AsOf.to_string(), |block| block.to_string()),
            Self::Registration(rows) => {
                rows.write(f, |_| StatePart::Registration.to_string(), |block| block.to_string())
            }
            Self::Start(rows) => rows.write(f, |_| StatePart::Start.to_string(), |block| block.to_string()),
            Self::Neuron(rows) => rows.write(f, |n| format!("uid {}", n.uid), |n| position(n.position())),
            Self::Holder(rows) => rows.write(
                f,
                |(coldkey, _)| format!("holder {coldkey}"),
                |(_, start)| format!("from the end of block {start}"),
            ),
            Self::Succession(rows) => rows.write(
                f,
                |s| format!("block {}, event {}: a swapped coldkey", s.block, s.event_index),
                |s| format!("{} for {}", s.new, s.old),
            ),
            Self::Opening(rows) => rows.write(
                f,
                |o| format!("opening at block {}{}, {}", o.block, event(o.event_index), position(o.key)),
                |o| format!("{} rao", o.alpha),
            ),
            Self::Entry(rows) => rows.write(
                f,
                |e| {
                    format!(
                        "block {}{}, {} of {}",
                        e.block,
                        event(e.source.map(|s| s.event_index)),
                        e.kind.name(),
                        position(e.key)
                    )
                },
                |e| format!("{} rao", e.alpha),
            ),
            Self::Multiplier(rows) => rows.write(
                f,
                |(coldkey, _)| format!("multiplier of holder {coldkey}"),
                |(_, m)| if m.zero_weight { "weight 0".to_owned() } else { m.factor.to_string() },
            ),
        }
    }
}
