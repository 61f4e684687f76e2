//! Reading every position at the watermark.

use crate::ports::{ReadChain, SubnetAsk};
use crate::record::error::MonitorError;
use crate::record::monitor::blockchain_monitor::BlockchainMonitor;
use crate::record::recorder::Recorder;

impl BlockchainMonitor {
    /// Reads every holder's positions at the watermark, so that the record has every balance there.
    ///
    /// # Errors
    /// When the chain or the store cannot be read or written.
    pub async fn observe(&mut self) -> Result<(), MonitorError> {
        self.refresh().await?;
        self.stale = true;
        let done = self.observe_all().await;
        self.finish(done).await
    }

    async fn observe_all(&mut self) -> Result<(), MonitorError> {
        for (netuid, ledger) in &mut self.ledgers {
            let Some(watermark) = ledger.watermark() else { continue };
            if watermark.observed == watermark.block.number || ledger.pending_blocks() > 0 {
                continue;
            }
            let ask = SubnetAsk { recorded: true, ..SubnetAsk::positions(ledger.holders(), ledger.roster()) };
            let positions = self.chain.subnet(watermark.block.number, *netuid, ask).await?.positions;
            let mut recorder =
                Recorder::of_every_block(self.chain.as_ref(), self.store.as_ref(), ledger, &mut self.doubts);
            let rows = recorder.observe(&positions).await?;
            self.store.observe(*netuid, watermark.block, &rows, ledger.interval()).await?;
        }
        Ok(())
    }
}
