//! Many storage keys in few requests.

use std::collections::HashMap;

use futures_util::future::try_join_all;
use subxt::rpcs::methods::legacy::StorageChangeSet;
use subxt::rpcs::rpc_params;
use subxt::utils::H256;
use vesting_core::ports::ChainError;
use vesting_core::{BlockHash, BlockNumber};

use crate::endpoint::Endpoints;

/// Keys in one request: far below the nodes' limit of 15 MiB, and few round trips.
const KEYS_PER_REQUEST: usize = 4_000;

/// Values by key, as a batched read gives them.
#[derive(Debug, Default)]
pub(crate) struct Values(HashMap<Vec<u8>, Vec<u8>>);

impl Values {
    pub(crate) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.0.get(key).map(Vec::as_slice)
    }

    pub(crate) fn absorb(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(crate) fn take(&mut self, key: &[u8]) -> Option<Vec<u8>> {
        self.0.remove(key)
    }
}

/// Reads storage keys in the state of a block; absent keys are absent.
pub(crate) async fn read(endpoints: &Endpoints, number: BlockNumber, hash: BlockHash, keys: &[Vec<u8>]) -> Result<Values, ChainError> {
    let parts = keys.chunks(KEYS_PER_REQUEST).map(|part| {
        let part: Vec<String> = part.iter().map(|key| format!("0x{}", hex::encode(key))).collect();
        endpoints.call::<Vec<StorageChangeSet<H256>>>(Some(number), "state_queryStorageAt", rpc_params![part, H256(hash.0)])
    });
    let mut values = HashMap::with_capacity(keys.len());
    for change in try_join_all(parts).await?.into_iter().flatten() {
        for (key, value) in change.changes {
            if let Some(value) = value {
                values.insert(key.0, value.0);
            }
        }
    }
    Ok(Values(values))
}
