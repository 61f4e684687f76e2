//! What the runtime itself says in one state. Asking it is slower than reading storage, but its own code
//! answers.

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

use crate::endpoints::rpc::Rpc;
use crate::node::hex::hex;
use crate::runtimes::capabilities::{LOCKS_API, STAKE_API, SUBNET_API};
use crate::runtimes::code::spec_version_of_code;
use crate::runtimes::runtime::Runtime;

/// The answer about a position. Only its stake is decoded.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct StakeInfo {
    stake: u64,
}

/// The answer about a coldkey on a subnet. Its locks may be larger than its stake. What it cannot move,
/// because of locks or as collateral, is what is not available.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Availability {
    total: u64,
    available: u64,
}

/// A netuid, and what a coldkey has there.
type Subnet = (u16, Availability);

/// The answer about a subnet. Only its counters are decoded.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct DynamicInfo {
    tempo: u16,
    last_step: u64,
    blocks_since_last_step: u64,
    network_registered_at: u64,
}

/// The calls of the runtime in the state of one block.
pub(crate) struct RuntimeApi<'a> {
    pub(crate) rpc: &'a Rpc,
    pub(crate) runtime: &'a Arc<Runtime>,
    pub(crate) number: BlockNumber,
    pub(crate) hash: BlockHash,
}

impl<'a> RuntimeApi<'a> {
    /// The alpha of each position, in the order of `keys`.
    pub(crate) async fn alphas(&self, netuid: NetUid, keys: &[PositionKey]) -> Result<Vec<Rao>, ChainError> {
        try_join_all(keys.iter().map(|key| async move {
            let info: Option<StakeInfo> =
                self.call(STAKE_API, (key.hotkey.0, key.coldkey.0, netuid.0).encode()).await?;
            Ok(Rao(info.map_or(0, |info| info.stake)))
        }))
        .await
    }

    /// What coldkeys have on a subnet, and how much of it they cannot move. Coldkeys with nothing are left
    /// out.
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

    /// The counters of a subnet; `None` if it does not exist.
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

    /// Whether the code in this state has the version that made the block. In the block of an upgrade it has
    /// not (docs/chain.md#the-runtime-that-made-a-block): then its answers do not count for the block.
    pub(crate) async fn is_maker(&self) -> Result<bool, ChainError> {
        let code = spec_version_of_code(self.rpc, self.hash, self.number).await?;
        Ok(code == self.runtime.spec_version())
    }

    async fn call<T: DecodeAsType>(
        &self,
        (api, method): (&str, &str),
        arguments: Vec<u8>,
    ) -> Result<T, ChainError> {
        let name = format!("{api}_{method}");
        let arguments = hex(&arguments);
        let bytes: Bytes = self
            .rpc
            .call(Some(self.number), "state_call", rpc_params![name, arguments, H256(self.hash.0)])
            .await?;
        self.runtime.answer((api, method), &bytes.0)
    }
}
