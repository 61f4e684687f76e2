//! Taking a record back, so that it is read again.

use std::collections::BTreeSet;

use crate::ports::{ChainError, OwnWord, ReadChain, SubnetAsk};
use crate::record::error::MonitorError;
use crate::record::monitor::blockchain_monitor::BlockchainMonitor;
use crate::record::states_around::of_coldkeys;
use crate::record::take_back::take_back;
use crate::units::{BlockNumber, NetUid};

impl BlockchainMonitor {
    /// Takes a record back as [`ChainError::Contradicted`] demands, so that it is read again. Where the chain
    /// no longer has the state for that, the record stays, and so does the error.
    pub(super) async fn correct(&mut self, why: ChainError) -> Result<(), MonitorError> {
        let ChainError::Contradicted { netuid, spec_version, agreed, .. } = why else {
            return Err(why.into());
        };
        let back = async {
            let to = match agreed {
                Some(agreed) => agreed,
                None => self.last_trusted_epoch(netuid, spec_version).await?,
            };
            self.take_back(netuid, to).await
        };
        match back.await {
            Ok(_) => {
                self.chain.taken_back(netuid, spec_version).await;
                Ok(())
            }
            Err(MonitorError::Chain(ChainError::Pruned { .. })) => Err(why.into()),
            Err(error) => Err(error),
        }
    }

    /// The last epoch of a record up to which the storage of this runtime has caused no wrong row. It is
    /// found without an earlier comparison:
    ///
    /// - It is the record's last epoch, if that has what the runtime itself says of every position. An
    ///   earlier process has then met the contradiction.
    /// - Otherwise it is the last epoch that an older runtime made.
    /// - Without such an epoch it is block 0.
    async fn last_trusted_epoch(
        &self,
        netuid: NetUid,
        spec_version: u32,
    ) -> Result<BlockNumber, MonitorError> {
        let (Some(record), Some(ledger)) = (self.store.watermark(netuid).await?, self.ledgers.get(&netuid))
        else {
            return Ok(BlockNumber(0));
        };
        let epochs = self.store.epoch_list(netuid, record.first_block, record.block.number).await?;
        let Some(last) = epochs.last().map(|epoch| epoch.block.number) else { return Ok(BlockNumber(0)) };
        let ask = SubnetAsk {
            own_word: OwnWord::Instead,
            ..SubnetAsk::positions(ledger.holders(), ledger.roster())
        };
        let own_word = self.chain.subnet(last, netuid, ask).await?.positions;
        let mut recorded = self.store.positions_at(netuid, last).await?;
        // Coldkeys that became holders later are not recorded there.
        let holders: BTreeSet<_> = self
            .store
            .holders(netuid)
            .await?
            .into_iter()
            .filter(|h| h.since < last)
            .map(|h| h.coldkey)
            .collect();
        recorded.retain(|key, _| holders.contains(&key.coldkey));
        if of_coldkeys(&own_word, &holders) == recorded {
            return Ok(last);
        }
        let (mut older, mut rest) = (BlockNumber(0), epochs.as_slice());
        while let Some(middle) = rest.get(rest.len() / 2) {
            let number = middle.block.number;
            let (before, after) = rest.split_at(rest.len() / 2);
            // The versions of runtimes only grow.
            if self.chain.glance(number, &[netuid]).await?.spec_version < spec_version {
                (older, rest) = (number, after.get(1..).unwrap_or_default());
            } else {
                rest = before;
            }
        }
        Ok(older)
    }

    /// Takes a subnet's record back to the end of its last epoch at or before `to`, so that what came after
    /// is read again. Without such an epoch nothing is left, and the record begins again where it began.
    /// Returns the block at which the record ends then.
    ///
    /// # Errors
    /// [`ChainError::Pruned`] where the chain no longer has the state to resume from, and
    /// [`MonitorError::Fork`] where it has another block there. After every error of the chain the record is
    /// as it was.
    pub async fn take_back(
        &mut self,
        netuid: NetUid,
        to: BlockNumber,
    ) -> Result<Option<BlockNumber>, MonitorError> {
        let stale = std::mem::replace(&mut self.stale, true);
        let Some(taken) = take_back(self.chain.as_ref(), self.store.as_ref(), netuid, to).await? else {
            self.stale = stale;
            return Ok(None);
        };
        if taken.to.is_none() {
            self.begin_again_at.insert(netuid, taken.first_block);
        }
        self.refresh().await?;
        Ok(taken.to.map(|block| block.number))
    }
}
