//! Ledger entries: every change of a position, by its effect on the holder on this subnet.

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
    /// The event that tells of it; `None` where there is none.
    pub source: Option<Source>,
    /// The position.
    pub key: PositionKey,
    /// What it was.
    pub kind: Kind,
    /// The change in rao.
    pub alpha: RaoDelta,
}

/// Where an entry stands in its ledger; equal for no two entries of a subnet.
///
/// By block; in it emission, events by index, unattributed, rounding and what opens there; ties by kind,
/// event index, hotkey and coldkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryOrder {
    moment: Moment,
    kind: Kind,
    event_index: Option<u32>,
    hotkey: Hotkey,
    coldkey: Coldkey,
}

impl Entry {
    /// The flow of its kind.
    #[must_use]
    pub const fn flow(&self) -> Flow {
        self.kind.flow()
    }

    /// Where it stands in the ledger; equal for no two entries.
    #[must_use]
    pub fn order(&self) -> EntryOrder {
        EntryId::of(self).order(self.key.coldkey)
    }
}

/// What identifies an entry of one holder's ledger, and with it the tranche it opened or the exit
/// it made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId {
    /// The block.
    pub block: BlockNumber,
    /// The index of its event, where there is one.
    pub event_index: Option<u32>,
    /// Its kind.
    pub kind: Kind,
    /// The hotkey of its position: the label of the tranche.
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

    /// Where that entry of a holder stands in the ledger.
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
