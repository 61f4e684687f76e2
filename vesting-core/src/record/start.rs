//! The block at which a record must begin to cover a window.

use crate::ports::{ChainError, ChainPort};
use crate::record::agreed::agreed_glance;
use crate::units::{BlockNumber, Millis, NetUid};

/// The last block that is at least `length` older than the subnet's newest epoch as of the finalized block
/// `to`. Without such an epoch, `to` counts instead. The result is never before the subnet's registration. It
/// is found by bisection, with about 25 reads.
///
/// # Errors
/// When the subnet does not exist at `to`, or the chain cannot be read that far back.
pub async fn window_start(
    chain: &dyn ChainPort,
    netuid: NetUid,
    length: Millis,
    to: BlockNumber,
) -> Result<BlockNumber, ChainError> {
    let facts = agreed_glance(chain, to, &[netuid]).await?;
    let counters = facts.subnets.get(&netuid).ok_or(ChainError::NoSuchSubnet { netuid, block: to })?;
    let last = counters.last_step_block;
    let end = if last.0 > 0 && last < to { agreed_glance(chain, last, &[]).await?.time } else { facts.time };
    let target = end.0.saturating_sub(length.0);
    let mut low = counters.registered_at.0.max(1);
    let mut high = to.0.max(low);
    if agreed_glance(chain, BlockNumber(low), &[]).await?.time.0 > target {
        return Ok(BlockNumber(low));
    }
    // Invariant: time(low) ≤ target, and high is above it or `to`.
    while high - low > 1 {
        let middle = low.midpoint(high);
        if agreed_glance(chain, BlockNumber(middle), &[]).await?.time.0 <= target {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(BlockNumber(low))
}
