//! Taking a record back to an epoch that is on the chain, so that what came after is read again.

use crate::ports::{ChainError, ChainPort, ReadChain, StakeStore, Watermark};
use crate::record::agreed::agreed_glance;
use crate::record::error::MonitorError;
use crate::store::newest_epochs;
use crate::units::{BlockNumber, BlockRef, NetUid};

/// A record that was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TakenBack {
    /// The last block before.
    pub from: BlockRef,
    /// The epoch at which the record ends now; `None` where nothing is left of it.
    pub to: Option<BlockRef>,
    /// The first block of the record. If nothing is left, it is where recording begins again.
    pub first_block: BlockNumber,
}

/// Takes a subnet's record back to the end of its last epoch at or before `to`. Without such an epoch nothing
/// is left of it. `None` where there is no record.
///
/// For the crates of this workspace.
///
/// # Errors
/// [`ChainError::Pruned`] where the chain no longer has the state to resume from, and [`MonitorError::Fork`]
/// where it has another block there. After every error the record is as it was.
pub async fn take_back(
    chain: &dyn ChainPort,
    store: &dyn StakeStore,
    netuid: NetUid,
    to: BlockNumber,
) -> Result<Option<TakenBack>, MonitorError> {
    let Some(record) = store.watermark(netuid).await? else { return Ok(None) };
    let end = to.min(record.block.number);
    let last = match end >= record.first_block {
        true => {
            newest_epochs(store, netuid, record.first_block, end, |epochs| !epochs.is_empty()).await?.pop()
        }
        false => None,
    };
    let mark = match last {
        Some(epoch) => {
            let facts = agreed_glance(chain, epoch.block.number, &[netuid]).await?;
            if facts.block != epoch.block {
                return Err(MonitorError::Fork { block: facts.block.number, stands_at: epoch.block });
            }
            let number = epoch.block.number;
            Some(Watermark {
                block: epoch.block,
                time: epoch.time,
                observed: number,
                spec_version: facts.spec_version,
                ..record
            })
        }
        None => {
            chain.glance(record.first_block.parent(), &[netuid]).await?;
            None
        }
    };
    if mark.is_none_or(|mark| mark.block != record.block) {
        store.rewind(netuid, mark).await?;
    }
    Ok(Some(TakenBack {
        from: record.block,
        to: mark.map(|mark| mark.block),
        first_block: record.first_block,
    }))
}

/// The last epoch of a record that is on the chain. The record may be taken back to it. `None` where no epoch
/// is, or there is no record.
///
/// For the crates of this workspace.
///
/// # Errors
/// As [`ChainPort::read`], and when the store cannot be read.
pub async fn last_on_chain(
    chain: &dyn ChainPort,
    store: &dyn StakeStore,
    netuid: NetUid,
) -> Result<Option<BlockNumber>, MonitorError> {
    let Some(record) = store.watermark(netuid).await? else { return Ok(None) };
    // A fork of finalized blocks is short.
    for epoch in store.epoch_list(netuid, record.first_block, record.block.number).await?.iter().rev() {
        match agreed_glance(chain, epoch.block.number, &[]).await {
            Ok(facts) if facts.block == epoch.block => return Ok(Some(epoch.block.number)),
            Ok(_) | Err(ChainError::NoSuchBlock(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}
