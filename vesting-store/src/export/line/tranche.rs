//! Lines of tranches, and of the exits from them.

use serde::{Deserialize, Serialize};
use vesting_core::{BlockNumber, Coldkey, EntryId, Exit, Hotkey, Kind, Millis, NetUid, Origin, Rao, Tranche};

use crate::export::text::{Spelled, Text};

/// The id of an entry in the ledger of one holder.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IdLine {
    block: u64,
    event_index: Option<u32>,
    kind: Spelled<Kind>,
    hotkey: Text<Hotkey>,
}

impl From<EntryId> for IdLine {
    fn from(id: EntryId) -> Self {
        Self {
            block: id.block.0,
            event_index: id.event_index,
            kind: Spelled(id.kind),
            hotkey: Text(id.hotkey),
        }
    }
}

impl IdLine {
    fn read(self) -> EntryId {
        EntryId {
            block: BlockNumber(self.block),
            event_index: self.event_index,
            kind: self.kind.0,
            hotkey: self.hotkey.0,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrancheLine {
    coldkey: Text<Coldkey>,
    id: IdLine,
    time: u64,
    origin: Spelled<Origin>,
    initial: Text<u64>,
}

impl From<&Tranche> for TrancheLine {
    fn from(row: &Tranche) -> Self {
        Self {
            coldkey: Text(row.coldkey),
            id: row.id.into(),
            time: row.time.0,
            origin: Spelled(row.origin),
            initial: Text(row.initial.0),
        }
    }
}

impl TrancheLine {
    pub fn read(self, netuid: NetUid) -> Tranche {
        Tranche {
            netuid,
            coldkey: self.coldkey.0,
            id: self.id.read(),
            time: Millis(self.time),
            origin: self.origin.0,
            initial: Rao(self.initial.0),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExitLine {
    coldkey: Text<Coldkey>,
    tranche: IdLine,
    by: IdLine,
    amount: Text<u64>,
}

impl From<&Exit> for ExitLine {
    fn from(row: &Exit) -> Self {
        Self {
            coldkey: Text(row.coldkey),
            tranche: row.tranche.into(),
            by: row.by.into(),
            amount: Text(row.amount.0),
        }
    }
}

impl ExitLine {
    pub fn read(self, netuid: NetUid) -> Exit {
        Exit {
            netuid,
            coldkey: self.coldkey.0,
            tranche: self.tranche.read(),
            by: self.by.read(),
            amount: Rao(self.amount.0),
        }
    }
}
