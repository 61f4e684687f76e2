//! A block's header as the block that it names.

use blake2::Blake2b;
use blake2::digest::{Digest, consts::U32};
use subxt::config::substrate::SubstrateHeader;
use subxt::ext::codec::Encode;
use subxt::utils::H256;
use vesting_core::{BlockHash, BlockNumber, BlockRef};

/// The block of a header. A block's hash is the blake2-256 of its header.
pub(crate) fn block_of(header: &SubstrateHeader<H256>) -> BlockRef {
    let hash = BlockHash(Blake2b::<U32>::digest(header.encode()).into());
    BlockRef { number: BlockNumber(header.number), hash }
}
