//! Following the finalized head.

use crate::record::error::MonitorError;
use crate::record::monitor::blockchain_monitor::BlockchainMonitor;
use crate::record::progress::Progress;
use crate::units::BlockNumber;

impl BlockchainMonitor {
    /// Follows the finalized head: advances to it, waits for the next, and so on. It ends when `until` is in
    /// the store; without `until` it never ends. `progress` hears of every step. Dropping the future stops at
    /// once, and leaves nothing half done in the store, since every block is one transaction.
    ///
    /// # Errors
    /// As [`MonitorError`] says. A later call resumes at the watermark.
    pub async fn follow(
        &mut self,
        first: BlockNumber,
        until: Option<BlockNumber>,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), MonitorError> {
        let mut all = Progress { block: first.parent(), to: first, epochs: 0, operations: 0, entries: 0 };
        loop {
            self.refresh().await?;
            let done = self.recorded_up_to(first);
            if until.is_some_and(|until| done >= until) {
                return self.observe().await;
            }
            let head = self.chain.wait_for_head_above(done).await?;
            let to = until.map_or(head.number, |until| until.min(head.number));
            let pace = self.pace(first, to);
            // Each advance counts from 0, but `progress` hears the counts since following began.
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
