//! What is read of holders while a block is taken in.

use std::collections::{BTreeMap, BTreeSet};

use super::Recorder;
use crate::flow::settle::Settled;
use crate::ports::{ReadChain, SubnetAsk};
use crate::record::agreed::agreed_glance;
use crate::record::error::MonitorError;
use crate::record::states_around::StatesAround;
use crate::units::{BlockNumber, Coldkey, PositionKey, Rao};

impl Recorder<'_> {
    /// Reads what is still missing of the positions of `coldkeys` around a block.
    pub(super) async fn complete(
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

    /// Who takes over from a holder in a block is followed from its parent on, with what it held there.
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
        // Such are few: what was passed over on the way to them was read once.
        let time = agreed_glance(self.chain, pre, &[]).await?.time;
        for coldkey in &new {
            self.ledger.open_holder(*coldkey, pre, time, before);
        }
        let rows = self.ledger.observe(pre, &new, before);
        self.ledger.keep_snapshots(rows);
        Ok(())
    }
}
