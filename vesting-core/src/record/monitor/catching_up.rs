//! Reading only the blocks in which something happened.

use crate::record::catch_up::CatchUp;
use crate::record::error::MonitorError;
use crate::record::monitor::blockchain_monitor::BlockchainMonitor;
use crate::record::progress::Progress;
use crate::units::BlockNumber;

impl BlockchainMonitor {
    /// Records only the blocks in which something happened, one subnet after the other.
    pub(super) async fn catch_up(
        &mut self,
        first: BlockNumber,
        to: BlockNumber,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), MonitorError> {
        let mut state = Progress { block: first.parent(), to, epochs: 0, operations: 0, entries: 0 };
        for ledger in self.ledgers.values_mut() {
            let first = self.begin_again_at.get(&ledger.netuid()).copied().unwrap_or(first);
            CatchUp {
                chain: self.chain.as_ref(),
                store: self.store.as_ref(),
                ledger,
                doubts: &mut self.doubts,
                in_flight: self.in_flight,
                state: &mut state,
                progress,
            }
            .run(first, to)
            .await?;
        }
        Ok(())
    }
}
