//! Rows of `stake_balance_changes`.

use diesel::prelude::*;
use vesting_core::ports::{BalanceChange, StoreError};
use vesting_core::{Coldkey, Flow, Hotkey, NetUid, PositionKey, Rao, RaoDelta};

use super::value::{Location, int};
use crate::schema::tables::stake_balance_changes;

/// How an interval changed the balance of a position.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = stake_balance_changes, treat_none_as_default_value = false)]
pub struct BalanceRow {
    netuid: i32,
    to_block: i64,
    hotkey: Vec<u8>,
    coldkey: Vec<u8>,
    from_block: i64,
    stake_start: i64,
    stake_end: i64,
    opening: Option<i64>,
    emission: Option<i64>,
    inflow: Option<i64>,
    outflow: Option<i64>,
    neutral: Option<i64>,
    rounding: Option<i64>,
    unattributed: Option<i64>,
    corrected: Option<i64>,
}

impl BalanceRow {
    pub fn new(netuid: NetUid, change: &BalanceChange) -> Result<Self, StoreError> {
        let flow = |flow: Flow| change.by_flow.get(&flow).map(|sum| int(flow.name(), sum.0)).transpose();
        Ok(Self {
            netuid: netuid.0.into(),
            to_block: int("block", change.to.0)?,
            hotkey: change.key.hotkey.0.to_vec(),
            coldkey: change.key.coldkey.0.to_vec(),
            from_block: int("block", change.from.0)?,
            stake_start: int("stake at an interval's start", change.start.0)?,
            stake_end: int("stake at an interval's end", change.end.0)?,
            opening: flow(Flow::Opening)?,
            emission: flow(Flow::Emission)?,
            inflow: flow(Flow::Inflow)?,
            outflow: flow(Flow::Outflow)?,
            neutral: flow(Flow::Neutral)?,
            rounding: flow(Flow::Rounding)?,
            unattributed: flow(Flow::Unattributed)?,
            corrected: flow(Flow::Corrected)?,
        })
    }

    pub fn read(&self) -> Result<BalanceChange, StoreError> {
        let at = Location { table: "stake_balance_changes", netuid: self.netuid, block: self.to_block };
        let flows = [
            (Flow::Opening, self.opening),
            (Flow::Emission, self.emission),
            (Flow::Inflow, self.inflow),
            (Flow::Outflow, self.outflow),
            (Flow::Neutral, self.neutral),
            (Flow::Rounding, self.rounding),
            (Flow::Unattributed, self.unattributed),
            (Flow::Corrected, self.corrected),
        ];
        Ok(BalanceChange {
            from: at.block(self.from_block)?,
            to: at.block(self.to_block)?,
            key: PositionKey {
                hotkey: Hotkey(at.bytes(&self.hotkey)?),
                coldkey: Coldkey(at.bytes(&self.coldkey)?),
            },
            start: Rao(at.number(self.stake_start)?),
            end: Rao(at.number(self.stake_end)?),
            by_flow: flows
                .into_iter()
                .filter_map(|(flow, sum)| Some((flow, RaoDelta(sum?.into()))))
                .collect(),
        })
    }
}
