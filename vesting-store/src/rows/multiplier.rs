use diesel::prelude::*;
use vesting_core::ports::{MultiplierRow, StoreError};
use vesting_core::{Coldkey, Hotkey, NetUid, Neuron, Ppb, Uid};

use crate::convert::{At, int};
use crate::schema::multipliers;

/// A multiplier.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = multipliers, treat_none_as_default_value = false)]
pub struct MultiplierColumns {
    netuid: i32,
    as_of: i64,
    policy: String,
    uid: i32,
    hotkey: Vec<u8>,
    coldkey: Vec<u8>,
    multiplier: i64,
}

impl MultiplierColumns {
    pub fn new(netuid: NetUid, row: &MultiplierRow) -> Result<Self, StoreError> {
        Ok(Self {
            netuid: netuid.0.into(),
            as_of: int("block", row.as_of.0)?,
            policy: row.policy.clone(),
            uid: row.neuron.uid.0.into(),
            hotkey: row.neuron.hotkey.0.to_vec(),
            coldkey: row.neuron.coldkey.0.to_vec(),
            multiplier: int("multiplier", row.multiplier.0)?,
        })
    }

    pub fn read(self) -> Result<MultiplierRow, StoreError> {
        let at = At { table: "multipliers", netuid: self.netuid, block: self.as_of };
        Ok(MultiplierRow {
            as_of: at.block(self.as_of)?,
            neuron: Neuron {
                uid: Uid(at.number(self.uid.into())?),
                hotkey: Hotkey(at.bytes(&self.hotkey)?),
                coldkey: Coldkey(at.bytes(&self.coldkey)?),
            },
            multiplier: Ppb(at.number(self.multiplier)?),
            policy: self.policy,
        })
    }
}
