//! The line of an entry of the ledger.

use serde::{Deserialize, Serialize};
use vesting_core::{BlockNumber, Coldkey, Entry, Hotkey, Kind, NetUid, Phase, PositionKey, RaoDelta, Source};

use crate::export::text::{Spelled, Text};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryLine {
    block: u64,
    event: Option<EventLine>,
    hotkey: Text<Hotkey>,
    coldkey: Text<Coldkey>,
    kind: Spelled<Kind>,
    alpha: Text<i128>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventLine {
    index: u32,
    phase: Spelled<Phase>,
}

impl From<&Entry> for EntryLine {
    fn from(row: &Entry) -> Self {
        Self {
            block: row.block.0,
            event: row
                .source
                .map(|source| EventLine { index: source.event_index, phase: Spelled(source.phase) }),
            hotkey: Text(row.key.hotkey),
            coldkey: Text(row.key.coldkey),
            kind: Spelled(row.kind),
            alpha: Text(row.alpha.0),
        }
    }
}

impl EntryLine {
    pub fn read(self, netuid: NetUid) -> Entry {
        Entry {
            netuid,
            block: BlockNumber(self.block),
            source: self.event.map(|event| Source { event_index: event.index, phase: event.phase.0 }),
            key: PositionKey { hotkey: self.hotkey.0, coldkey: self.coldkey.0 },
            kind: self.kind.0,
            alpha: RaoDelta(self.alpha.0),
        }
    }
}
