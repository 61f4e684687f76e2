//! Lines of the state at a block: the alpha of a position, and how much a holder has locked.

use serde::{Deserialize, Serialize};
use vesting_core::ports::{LockRow, Snapshot};
use vesting_core::{BlockNumber, Coldkey, Hotkey, PositionKey, Rao};

use crate::export::text::Text;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotLine {
    block: u64,
    hotkey: Text<Hotkey>,
    coldkey: Text<Coldkey>,
    alpha: Text<u64>,
}

impl From<&Snapshot> for SnapshotLine {
    fn from(row: &Snapshot) -> Self {
        Self {
            block: row.block.0,
            hotkey: Text(row.key.hotkey),
            coldkey: Text(row.key.coldkey),
            alpha: Text(row.alpha.0),
        }
    }
}

impl SnapshotLine {
    pub fn read(self) -> Snapshot {
        let key = PositionKey { hotkey: self.hotkey.0, coldkey: self.coldkey.0 };
        Snapshot { block: BlockNumber(self.block), key, alpha: Rao(self.alpha.0) }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockLine {
    block: u64,
    coldkey: Text<Coldkey>,
    locked: Text<u64>,
}

impl From<&LockRow> for LockLine {
    fn from(row: &LockRow) -> Self {
        Self { block: row.block.0, coldkey: Text(row.coldkey), locked: Text(row.locked.0) }
    }
}

impl LockLine {
    pub fn read(self) -> LockRow {
        LockRow { block: BlockNumber(self.block), coldkey: self.coldkey.0, locked: Rao(self.locked.0) }
    }
}
