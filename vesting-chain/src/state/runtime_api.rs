//! What the runtime itself says: slower than its storage, but by its own code.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::try_join_all;
use subxt::ext::codec::Encode;
use subxt::ext::scale_decode::DecodeAsType;
use subxt::rpcs::methods::legacy::Bytes;
use subxt::rpcs::rpc_params;
use subxt::utils::H256;
use vesting_core::ports::ChainError;
use vesting_core::{BlockHash, BlockNumber, Coldkey, NetUid, PositionKey, Rao, SubnetCounters};

use crate::endpoints::endpoint::Endpoints;
use crate::runtimes::runtime::{LOCKS_API, Runtime, STAKE_API, SUBNET_API};
use crate::state::reader::Reader;

/// Of the answer about a position only its stake is needed.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct StakeInfo {
    stake: u64,
}

/// Of a coldkey on a subnet. What is locked there may be more than it has; what it cannot move, by locks
/// and as collateral, is what is not available.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Availability {
    total: u64,
    available: u64,
}

/// What a coldkey has on a netuid.
type Subnet = (u16, Availability);

/// Of the answer about a subnet only its counters are needed.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct DynamicInfo {
    tempo: u16,
    last_step: u64,
    blocks_since_last_step: u64,
    network_registered_at: u64,
}

/// The runtime's code in the state of one block.
pub(crate) struct RuntimeApi<'a> {
    pub(crate) endpoints: &'a Endpoints,
    pub(crate) runtime: &'a Arc<Runtime>,
    pub(crate) number: BlockNumber,
    pub(crate) hash: BlockHash,
}

impl<'a> RuntimeApi<'a> {
    /// A reader of the storage in this state, that knows nothing yet.
    pub(crate) fn storage(&self) -> Reader<'a> {
        Reader::new(self.endpoints, Arc::clone(self.runtime), self.number, self.hash)
    }

    /// The alpha of positions, in their order.
    pub(crate) async fn alphas(&self, netuid: NetUid, keys: &[PositionKey]) -> Result<Vec<Rao>, ChainError> {
        try_join_all(keys.iter().map(|key| async move {
            let info: Option<StakeInfo> =
                self.call(STAKE_API, (key.hotkey.0, key.coldkey.0, netuid.0).encode()).await?;
            Ok(Rao(info.map_or(0, |info| info.stake)))
        }))
        .await
    }

    /// What coldkeys have on a subnet, and how much of it they cannot move; those with nothing are left out.
    pub(crate) async fn locked(
        &self,
        netuid: NetUid,
        coldkeys: &BTreeSet<Coldkey>,
    ) -> Result<Vec<(Coldkey, Rao, Rao)>, ChainError> {
        let asked: Vec<[u8; 32]> = coldkeys.iter().map(|coldkey| coldkey.0).collect();
        let answer: Vec<([u8; 32], Vec<Subnet>)> =
            self.call(LOCKS_API, (asked, Some(vec![netuid.0])).encode()).await?;
        let rows = answer
            .into_iter()
            .flat_map(|(coldkey, subnets)| subnets.into_iter().map(move |subnet| (Coldkey(coldkey), subnet)));
        Ok(rows
            .filter(|(_, (subnet, _))| *subnet == netuid.0)
            .map(|(coldkey, (_, stake))| {
                (coldkey, Rao(stake.total), Rao(stake.total.saturating_sub(stake.available)))
            })
            .collect())
    }

    /// The counters of a subnet; `None` where it does not exist.
    pub(crate) async fn counters(&self, netuid: NetUid) -> Result<Option<SubnetCounters>, ChainError> {
        let info: Option<DynamicInfo> = self.call(SUBNET_API, netuid.0.encode()).await?;
        Ok(info.map(|info| SubnetCounters {
            tempo: info.tempo,
            blocks_since_last_step: info.blocks_since_last_step,
            last_step_block: BlockNumber(info.last_step),
            last_epoch_block: None,
            epoch_index: None,
            registered_at: BlockNumber(info.network_registered_at),
        }))
    }

    /// Whether the code in this state is of the version that made the block: not where it was upgraded
    /// (docs/chain.md#the-runtime-that-made-a-block), and then its answers are not the block's.
    pub(crate) async fn is_maker(&self) -> Result<bool, ChainError> {
        let code =
            crate::runtimes::met_runtimes::spec_version_of_code(self.endpoints, self.hash, self.number)
                .await?;
        Ok(code == self.runtime.spec_version())
    }

    async fn call<T: DecodeAsType>(
        &self,
        (api, method): (&str, &str),
        arguments: Vec<u8>,
    ) -> Result<T, ChainError> {
        let name = format!("{api}_{method}");
        let arguments = format!("0x{}", faster_hex::hex_string(&arguments));
        let bytes: Bytes = self
            .endpoints
            .call(Some(self.number), "state_call", rpc_params![name, arguments, H256(self.hash.0)])
            .await?;
        self.runtime.answer((api, method), &bytes.0)
    }
}
