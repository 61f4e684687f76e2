//! Asking a node for its finalized head.

use subxt::config::substrate::SubstrateHeader;
use subxt::rpcs::rpc_params;
use subxt::utils::H256;
use tokio::time::Instant;
use vesting_core::ports::ChainError;
use vesting_core::{BlockHash, BlockRef};

use crate::endpoints::pauses;
use crate::endpoints::rpc::Rpc;
use crate::link::header::block_of;

/// The header of a head is asked for so many times before the head is asked for again.
const HEADER_READINGS: u32 = 2;

/// Asks for the finalized head. An endpoint may have several nodes, and one of them may not know the block
/// yet.
pub(crate) async fn finalized_head(rpc: &Rpc) -> Result<BlockRef, ChainError> {
    let begun = Instant::now();
    for times in 0.. {
        let hash: H256 = rpc.call(None, "chain_getFinalizedHead", rpc_params![]).await?;
        // If nodes take turns, the header may be asked of another node than the head.
        for _ in 0..HEADER_READINGS {
            let header: Option<SubstrateHeader<H256>> =
                rpc.call(None, "chain_getHeader", rpc_params![hash]).await?;
            match header.as_ref().map(block_of) {
                Some(head) if head.hash.0 == hash.0 => return Ok(head),
                Some(other) => rpc.wrong_answer(&format!(
                    "asked for the header of {}, it gave that of {other}",
                    BlockHash(hash.0)
                )),
                None => {}
            }
        }
        if begun.elapsed() >= rpc.lag() {
            break;
        }
        tokio::time::sleep(pauses::for_lag(times)).await;
    }
    Err(ChainError::Malformed(
        "the endpoint does not have the header of the block that it calls finalized".into(),
    ))
}
