//! Following the finalized head.

use crate::record::error::MonitorError;
use crate::record::monitor::blockchain_monitor::BlockchainMonitor;
use crate::record::progress::Progress;
use crate::units::BlockNumber;

impl BlockchainMonitor {
    /// Follows the finalized head: catches up to it, waits for the next, and so on until `until` is in
    /// the store (or for ever). `wake` hears of every head reached; dropping the future stops at once
    /// with nothing half done, since every block is one transaction.
    ///
    /// # Errors
    /// As [`MonitorError`] says; a later call goes on from the watermark.
    pub async fn follow(
        &mut self,
        first: BlockNumber,
        until: Option<BlockNumber>,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), MonitorError> {
        let mut all = Progress { block: first.parent(), to: first, epochs: 0, operations: 0, entries: 0 };
        loop {
            self.refresh().await?;
            let done = self.stands_at(first);
            if until.is_some_and(|until| done >= until) {
                return self.observe().await;
            }
            let head = self.chain.wait_for_head_above(done).await?;
            let to = until.map_or(head.number, |until| until.min(head.number));
            let pace = self.pace(first, to);
            // Each advance counts from nothing; followers hear of all since they began.
            let mut last = all;
            let counted = &mut |state: Progress| {
                last = all.plus(state);
                progress(last);
            };
            self.advance(first, to, pace, counted).await?;
            all = last;
        }
    }
}
