//! Going on up to a block, whatever the pace.

use std::collections::{BTreeMap, BTreeSet};

use crate::ports::ChainError;
use crate::record::error::MonitorError;
use crate::record::monitor::blockchain_monitor::BlockchainMonitor;
use crate::record::monitor::pace::Pace;
use crate::record::progress::Progress;
use crate::units::BlockNumber;

/// Blocks behind the head beyond which following is catching up.
const FAR_BEHIND: u64 = 16;

/// As often at most what does not fit is read again at once.
const DOUBTS: u32 = 8;

/// As often it goes on at once after a wrong answer, without getting on in between.
const MISREADINGS: u32 = 3;

impl BlockchainMonitor {
    /// The pace at which to go on to `to`, with new records beginning at `first`: that of a follower where it
    /// is near.
    #[must_use]
    pub fn pace(&self, first: BlockNumber, to: BlockNumber) -> Pace {
        let behind = to.0.saturating_sub(self.stands_at(first).0);
        if behind > FAR_BEHIND { Pace::CatchingUp } else { Pace::Following }
    }

    /// Takes in every block up to `to`, from the watermark of each subnet or, where there is no record, from
    /// `first`. Blocks are fetched several at a time and taken in order. Where a runtime turns out to
    /// contradict its storage, what that bears on is [read again](ChainError::Contradicted), once a runtime
    /// and subnet.
    ///
    /// # Errors
    /// As [`MonitorError`] says; what was committed stays, and a later call goes on from there.
    pub async fn advance(
        &mut self,
        first: BlockNumber,
        to: BlockNumber,
        pace: Pace,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), MonitorError> {
        let mut corrected = BTreeSet::new();
        let mut doubted = BTreeMap::new();
        let (mut misread, mut stood_at) = (0, None);
        loop {
            self.refresh().await?;
            if stood_at != Some(self.stands_at(first)) {
                (misread, stood_at) = (0, Some(self.stands_at(first)));
            }
            self.stale = true;
            let done = self.advance_blocks(first, to, pace, progress).await;
            match self.after(done).await {
                Err(MonitorError::Chain(ChainError::Malformed(_))) if misread < MISREADINGS => misread += 1,
                Err(MonitorError::Doubtful(doubt)) => {
                    let times: &mut u32 = doubted.entry((doubt.netuid, doubt.from)).or_default();
                    if *times >= DOUBTS {
                        return Err(MonitorError::Doubtful(doubt));
                    }
                    *times += 1;
                    match self.take_back(doubt.netuid, doubt.from).await {
                        // Where it cannot be read again, the rest of it can.
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
