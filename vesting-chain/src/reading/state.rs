//! The state of a block, with the runtime that made the block.

use std::sync::Arc;

use subxt::ext::codec::{Compact, Decode};
use subxt::ext::frame_decode::storage::encode_storage_key_prefix;
use subxt::rpcs::rpc_params;
use subxt::utils::H256;
use vesting_core::ports::ChainError;
use vesting_core::{BlockHash, BlockNumber};

use crate::node::storage;
use crate::reading::chain::Chain;
use crate::runtimes::code::spec_version_of_code;
use crate::runtimes::runtime::Runtime;
use crate::state::reader::{Reader, two_answers};

impl Chain {
    /// Whether the state of a block is still there.
    pub(crate) async fn has_state(&self, number: BlockNumber) -> Result<bool, ChainError> {
        let asked: Option<H256> = self.rpc.call(None, "chain_getBlockHash", rpc_params![number.0]).await?;
        let Some(hash) = asked else { return Ok(false) };
        match storage::read(&self.rpc, number, BlockHash(hash.0), vec![marker_key()]).await {
            Ok(_) => Ok(true),
            Err(ChainError::Pruned { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The runtime that made a block. `System.LastRuntimeUpgrade` in the block's state names it; in the block
    /// of an upgrade that is still the old one (docs/chain.md#the-runtime-that-made-a-block). Its code is in
    /// the state of the parent.
    async fn maker(&self, number: BlockNumber, marker: Option<&[u8]>) -> Result<Arc<Runtime>, ChainError> {
        let parent = number.parent();
        let spec_version = match marker.map(|mut bytes| Compact::<u32>::decode(&mut bytes)) {
            Some(Ok(Compact(version))) => version,
            // Genesis has no such value: its own code counts.
            _ => spec_version_of_code(&self.rpc, self.hash(parent).await?, parent).await?,
        };
        let expected = self.eras.lock().await.likely(number);
        if expected != Some(spec_version) {
            // Everything that is read of the block depends on it, so it is asked for twice.
            let again =
                storage::read(&self.rpc, number, self.hash(number).await?, vec![marker_key()]).await?;
            if again.get(&marker_key()) != marker {
                return Err(two_answers("its runtime", number));
            }
        }
        // A version counts only once its code was found.
        let runtime = self.runtime(number, spec_version).await?;
        self.eras.lock().await.note(number, spec_version);
        Ok(runtime)
    }

    /// The runtime of the version that made a block.
    async fn runtime(&self, number: BlockNumber, spec_version: u32) -> Result<Arc<Runtime>, ChainError> {
        if let Some(runtime) = self.runtimes.met(spec_version).await {
            return Ok(runtime);
        }
        let parent = number.parent();
        self.runtimes.get(&self.rpc, spec_version, self.hash(parent).await?, parent).await
    }

    /// Reads keys in the state of a block. `keys` makes them with the runtime that probably made the block.
    /// If it was another one, they are made and read again.
    pub(crate) async fn state<'a>(
        &'a self,
        number: BlockNumber,
        keys: impl Fn(&Runtime) -> Result<Vec<Vec<u8>>, ChainError> + Send,
    ) -> Result<Reader<'a>, ChainError> {
        let hash = self.hash(number).await?;
        let (certain, likely) = {
            let eras = self.eras.lock().await;
            (eras.certain(number), eras.likely(number))
        };
        let marker = marker_key();
        let mut runtime = match certain.or(likely) {
            Some(spec_version) => self.runtime(number, spec_version).await?,
            None => {
                let values = storage::read(&self.rpc, number, hash, vec![marker.clone()]).await?;
                self.maker(number, values.get(&marker)).await?
            }
        };
        loop {
            let mut keys = keys(&runtime)?;
            let conversion = runtime.conversion(number);
            keys.extend(conversion.clone());
            keys.push(marker.clone());
            keys.sort_unstable();
            keys.dedup();
            let values = storage::read(&self.rpc, number, hash, keys).await?;
            let maker = self.maker(number, values.get(&marker)).await?;
            if maker.spec_version() == runtime.spec_version() {
                if conversion.is_some_and(|key| values.get(&key) == Some(&[1])) {
                    runtime.note_converted(number);
                }
                return Ok(Reader::new(&self.rpc, runtime, number, hash).with(values));
            }
            runtime = maker;
        }
    }
}

/// The key of `System.LastRuntimeUpgrade`, which is needed before any metadata is known. Every Substrate
/// chain has this plain value under the two hashed names.
fn marker_key() -> Vec<u8> {
    encode_storage_key_prefix("System", "LastRuntimeUpgrade").to_vec()
}
