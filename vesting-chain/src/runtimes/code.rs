//! The code in the state of a block: its version, and its metadata.

use subxt::ext::codec::Decode;
use subxt::rpcs::methods::legacy::{Bytes, RuntimeVersion};
use subxt::rpcs::rpc_params;
use subxt::utils::H256;
use vesting_core::ports::ChainError;
use vesting_core::{BlockHash, BlockNumber};

use crate::endpoints::rpc::Rpc;
use crate::node::hex::hex;

/// The metadata versions that are asked for, in this order. A runtime with none of them is asked for its
/// metadata without a version.
const METADATA_VERSIONS: [u32; 2] = [15, 16];

/// The metadata of the code in the state of a block.
pub(crate) async fn metadata_of_code(
    rpc: &Rpc,
    at: BlockHash,
    number: BlockNumber,
) -> Result<Vec<u8>, ChainError> {
    for version in METADATA_VERSIONS {
        let params = rpc_params!["Metadata_metadata_at_version", hex(&version.to_le_bytes()), H256(at.0)];
        let answer = rpc.call::<Bytes>(Some(number), "state_call", params).await.map(|bytes| bytes.0);
        // Option<OpaqueMetadata>: 1, then the length, then the metadata.
        match answer {
            Ok(bytes) if bytes.first() == Some(&1) => {
                let inner: Vec<u8> = Decode::decode(&mut &bytes[1..])
                    .map_err(|e| ChainError::Malformed(format!("the metadata cannot be unwrapped: {e}")))?;
                return Ok(inner);
            }
            // No metadata of this version, or no such call: the next version is asked for.
            Ok(_) | Err(ChainError::Unsupported(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let raw: Bytes = rpc.call(Some(number), "state_getMetadata", rpc_params![H256(at.0)]).await?;
    Ok(raw.0)
}

/// The spec version of the runtime whose code is in the state of a block.
pub(crate) async fn spec_version_of_code(
    rpc: &Rpc,
    at: BlockHash,
    number: BlockNumber,
) -> Result<u32, ChainError> {
    let version: RuntimeVersion =
        rpc.call(Some(number), "state_getRuntimeVersion", rpc_params![H256(at.0)]).await?;
    Ok(version.spec_version)
}
