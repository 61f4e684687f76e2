//! What is read of holders while a block is recorded.

use std::collections::{BTreeMap, BTreeSet};

use super::Recorder;
use crate::flow::settle::Settled;
use crate::ports::{ReadChain, SubnetAsk};
use crate::record::agreed::agreed_glance;
use crate::record::error::MonitorError;
use crate::record::states_around::StatesAround;
use crate::units::{BlockNumber, Coldkey, PositionKey, Rao};

impl Recorder<'_> {
    /// Reads the positions of `coldkeys` around a block that are still missing.
    pub(super) async fn read_missing_positions(
        &self,
        number: BlockNumber,
        around: &mut StatesAround,
        coldkeys: &BTreeSet<Coldkey>,
    ) -> Result<(), MonitorError> {
        for (block, state) in [(number.parent(), &mut around.before), (number, &mut around.after)] {
            let missing = state.lacking(coldkeys);
            if !missing.is_empty() {
                let ask = SubnetAsk {
                    locks: state.locks.is_some(),
                    recorded: true,
                    ..SubnetAsk::positions(missing, self.ledger.roster())
                };
                state.absorb(self.chain.subnet(block, self.netuid(), ask).await?);
            }
        }
        Ok(())
    }

    /// A coldkey that takes over from a holder in a block is followed from its parent on, with what it held
    /// there.
    pub(super) async fn open_successors(
        &mut self,
        settled: &Settled,
        pre: BlockNumber,
        before: &BTreeMap<PositionKey, Rao>,
    ) -> Result<(), MonitorError> {
        let new: BTreeSet<Coldkey> =
            settled.successions.iter().map(|s| s.new).filter(|c| !self.ledger.is_holder(c)).collect();
        if new.is_empty() {
            return Ok(());
        }
        // Such coldkeys are few. The time of a block that was passed over was read only once, so it is read
        // again.
        let time = agreed_glance(self.chain, pre, &[]).await?.time;
        for coldkey in &new {
            self.ledger.open_holder(*coldkey, pre, time, before);
        }
        let rows = self.ledger.observe(pre, &new, before);
        self.ledger.keep_snapshots(rows);
        Ok(())
    }
}
