//! Lines of holders, of the neurons of a subnet, and of successions of coldkeys.

use serde::{Deserialize, Serialize};
use vesting_core::ports::{Holder, NeuronRow};
use vesting_core::{BlockNumber, Coldkey, Hotkey, Succession, Uid};

use crate::export::text::Text;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HolderLine {
    coldkey: Text<Coldkey>,
    since: u64,
}

impl From<&Holder> for HolderLine {
    fn from(row: &Holder) -> Self {
        Self { coldkey: Text(row.coldkey), since: row.since.0 }
    }
}

impl HolderLine {
    pub fn read(self) -> Holder {
        Holder { coldkey: self.coldkey.0, since: BlockNumber(self.since) }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeuronLine {
    block: u64,
    uid: u16,
    holder: Option<KeyPair>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyPair {
    hotkey: Text<Hotkey>,
    coldkey: Text<Coldkey>,
}

impl From<&NeuronRow> for NeuronLine {
    fn from(row: &NeuronRow) -> Self {
        let holder =
            row.holder.map(|(hotkey, coldkey)| KeyPair { hotkey: Text(hotkey), coldkey: Text(coldkey) });
        Self { block: row.block.0, uid: row.uid.0, holder }
    }
}

impl NeuronLine {
    pub fn read(self) -> NeuronRow {
        let holder = self.holder.map(|pair| (pair.hotkey.0, pair.coldkey.0));
        NeuronRow { uid: Uid(self.uid), block: BlockNumber(self.block), holder }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuccessionLine {
    block: u64,
    event_index: u32,
    old: Text<Coldkey>,
    new: Text<Coldkey>,
}

impl From<&Succession> for SuccessionLine {
    fn from(row: &Succession) -> Self {
        Self { block: row.block.0, event_index: row.event_index, old: Text(row.old), new: Text(row.new) }
    }
}

impl SuccessionLine {
    pub fn read(self) -> Succession {
        Succession {
            block: BlockNumber(self.block),
            event_index: self.event_index,
            old: self.old.0,
            new: self.new.0,
        }
    }
}
