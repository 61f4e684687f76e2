//! Ledger entries. Each is one change of a position, by its effect on the holder on this subnet.

use super::{Flow, Kind, Moment};
use crate::block::Phase;
use crate::units::{BlockNumber, Coldkey, Hotkey, NetUid, PositionKey, RaoDelta};

/// The event an entry comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    /// Its index in the block.
    pub event_index: u32,
    /// Its phase.
    pub phase: Phase,
}

/// One change of one position. Unique by (block, event index, kind, position).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The subnet.
    pub netuid: NetUid,
    /// The block in which it happened.
    pub block: BlockNumber,
    /// The event that reports it; `None` where no event does.
    pub source: Option<Source>,
    /// The position.
    pub key: PositionKey,
    /// What kind of change it was.
    pub kind: Kind,
    /// The change in rao.
    pub alpha: RaoDelta,
}

/// The place of an entry in its ledger. No two entries of a subnet have the same.
///
/// Entries are ordered by block. Within a block, emission comes first, then events by index, unattributed
/// changes, rounding, and openings. Ties go by kind, event index, hotkey and coldkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryOrder {
    moment: Moment,
    kind: Kind,
    event_index: Option<u32>,
    hotkey: Hotkey,
    coldkey: Coldkey,
}

impl Entry {
    /// The flow that its kind belongs to.
    #[must_use]
    pub const fn flow(&self) -> Flow {
        self.kind.flow()
    }

    /// Its place in the ledger. No two entries have the same.
    #[must_use]
    pub fn order(&self) -> EntryOrder {
        EntryId::of(self).order(self.key.coldkey)
    }
}

/// Identifies an entry of one holder's ledger. It also identifies the tranche that the entry opened, or the
/// exit it made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId {
    /// The block.
    pub block: BlockNumber,
    /// The index of its event, where there is one.
    pub event_index: Option<u32>,
    /// Its kind.
    pub kind: Kind,
    /// The hotkey of its position. A tranche carries it as a label.
    pub hotkey: Hotkey,
}

impl EntryId {
    /// The identity of `entry` in its holder's ledger.
    #[must_use]
    pub fn of(entry: &Entry) -> Self {
        Self {
            block: entry.block,
            event_index: entry.source.map(|s| s.event_index),
            kind: entry.kind,
            hotkey: entry.key.hotkey,
        }
    }

    /// When it happened.
    #[must_use]
    pub(crate) fn moment(self) -> Moment {
        Moment::of_entry(self.block, self.kind, self.event_index)
    }

    /// The place of this entry of the holder `coldkey` in the ledger.
    #[must_use]
    pub fn order(self, coldkey: Coldkey) -> EntryOrder {
        EntryOrder {
            moment: self.moment(),
            kind: self.kind,
            event_index: self.event_index,
            hotkey: self.hotkey,
            coldkey,
        }
    }
}
