//! Advancing the records up to a block, at any pace.

use std::collections::{BTreeMap, BTreeSet};

use crate::ports::ChainError;
use crate::record::error::MonitorError;
use crate::record::monitor::blockchain_monitor::BlockchainMonitor;
use crate::record::monitor::pace::Pace;
use crate::record::progress::Progress;
use crate::units::BlockNumber;

/// The most blocks behind the head at which every block is read.
const FAR_BEHIND: u64 = 16;

/// The most times that a misfit is read again at once.
const MAX_REREADS: u32 = 8;

/// The most wrong answers, without progress in between, after which reading is repeated at once.
const MAX_RETRIES: u32 = 3;

impl BlockchainMonitor {
    /// The pace at which to advance to `to`: that of a follower where `to` is near. New records begin at
    /// `first`.
    #[must_use]
    pub fn pace(&self, first: BlockNumber, to: BlockNumber) -> Pace {
        let behind = to.0.saturating_sub(self.recorded_up_to(first).0);
        if behind > FAR_BEHIND { Pace::CatchingUp } else { Pace::Following }
    }

    /// Advances every record up to block `to`. Each resumes at its watermark; a new record begins at `first`.
    /// Blocks are fetched several at a time and recorded in order. Where a runtime turns out to contradict
    /// its storage, the blocks concerned are [read again](ChainError::Contradicted), once for each runtime
    /// and subnet.
    ///
    /// # Errors
    /// As [`MonitorError`] says. What was committed stays, and a later call resumes from there.
    pub async fn advance(
        &mut self,
        first: BlockNumber,
        to: BlockNumber,
        pace: Pace,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), MonitorError> {
        let mut corrected = BTreeSet::new();
        let mut rereads = BTreeMap::new();
        let (mut wrong_answers, mut reached) = (0, None);
        loop {
            self.refresh().await?;
            if reached != Some(self.recorded_up_to(first)) {
                (wrong_answers, reached) = (0, Some(self.recorded_up_to(first)));
            }
            self.stale = true;
            let done = self.advance_blocks(first, to, pace, progress).await;
            match self.finish(done).await {
                Err(MonitorError::Chain(ChainError::Malformed(_))) if wrong_answers < MAX_RETRIES => {
                    wrong_answers += 1
                }
                Err(MonitorError::Doubtful(doubt)) => {
                    let times: &mut u32 = rereads.entry((doubt.netuid, doubt.from)).or_default();
                    if *times >= MAX_REREADS {
                        return Err(MonitorError::Doubtful(doubt));
                    }
                    *times += 1;
                    match self.take_back(doubt.netuid, doubt.from).await {
                        // Where the chain no longer has the state for that, only what follows the watermark
                        // is read again.
                        Ok(_) | Err(MonitorError::Chain(ChainError::Pruned { .. })) => {}
                        Err(error) => return Err(error),
                    }
                }
                Err(MonitorError::Chain(why @ ChainError::Contradicted { netuid, spec_version, .. }))
                    if corrected.insert((netuid, spec_version)) =>
                {
                    self.correct(why).await?;
                }
                done => return done,
            }
        }
    }
}
