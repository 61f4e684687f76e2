//! The runtimes of a chain, by version, fetched once each.

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard, PoisonError};

use subxt::rpcs::methods::legacy::{Bytes, RuntimeVersion};
use subxt::rpcs::rpc_params;
use subxt::utils::H256;
use tokio::sync::Mutex;
use vesting_core::ports::ChainError;
use vesting_core::{BlockHash, BlockNumber};

use crate::endpoints::endpoint::Endpoints;
use crate::facts::{MEASURED, Standing};
use crate::runtimes::runtime::Runtime;

/// Metadata versions in the order they are asked for; what has none of them tells its metadata plainly.
const METADATA_VERSIONS: [u32; 2] = [15, 16];

/// So many names of one meaning stand in the log; `vesting doctor` tells them all.
const NAMES_IN_LOG: usize = 40;

/// Every runtime met so far.
#[derive(Default)]
pub(crate) struct Runtimes {
    /// One fetch at a time, so that a version is fetched once however many ask for it.
    known: Mutex<BTreeMap<u32, Arc<Runtime>>>,
    /// The one of the highest version, for whoever cannot wait.
    newest: std::sync::Mutex<Option<Arc<Runtime>>>,
}

impl Runtimes {
    /// The runtime of `spec_version`, whose code is the one in the state of the block `at`.
    pub(crate) async fn get(
        &self,
        endpoints: &Endpoints,
        spec_version: u32,
        at: BlockHash,
        number: BlockNumber,
    ) -> Result<Arc<Runtime>, ChainError> {
        let mut known = self.known.lock().await;
        if let Some(runtime) = known.get(&spec_version) {
            return Ok(runtime.clone());
        }
        // What is known of a version is kept for good.
        let code = spec_version_of_code(endpoints, at, number).await?;
        if code != spec_version {
            let why = format!(
                "a block names spec {spec_version} as its runtime, but the code before it, in block {number}, is spec {code}"
            );
            return Err(ChainError::Malformed(why));
        }
        let bytes = fetch(endpoints, at, number).await?;
        let runtime = Arc::new(Runtime::new(spec_version, &bytes)?);
        tracing::info!(spec_version, capabilities = ?runtime.capabilities(), "runtime");
        tell(&runtime);
        known.insert(spec_version, runtime.clone());
        let mut newest = self.newest();
        if newest.as_ref().is_none_or(|newest| newest.spec_version() < spec_version) {
            *newest = Some(runtime.clone());
        }
        Ok(runtime)
    }

    /// The runtime of the highest version met so far.
    pub(crate) fn newest_met(&self) -> Option<Arc<Runtime>> {
        self.newest().clone()
    }

    /// What is known is whole whatever became of whoever noted it.
    fn newest(&self) -> MutexGuard<'_, Option<Arc<Runtime>>> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The runtime of `spec_version`, if it was met.
    pub(crate) async fn met(&self, spec_version: u32) -> Option<Arc<Runtime>> {
        self.known.lock().await.get(&spec_version).cloned()
    }
}

/// Says what is taken on faith of a runtime, and what of it is not known.
fn tell(runtime: &Runtime) {
    let (spec_version, standing) = (runtime.spec_version(), runtime.facts().standing());
    if standing.is_beyond() {
        let side = if standing == Standing::Newer { "newer" } else { "older" };
        tracing::warn!(
            spec_version,
            measured = ?MEASURED,
            "this runtime is {side} than any that was measured: what is known of those is taken for it"
        );
    }
    // As few lines as there are meanings.
    for some in runtime.unknown().chunk_by(|one, other| one.meaning() == other.meaning()) {
        let Some(first) = some.first() else { continue };
        let shown: Vec<String> =
            some.iter().take(NAMES_IN_LOG).map(|unknown| unknown.item.to_string()).collect();
        tracing::warn!(spec_version, count = some.len(), items = shown.join(", "), "{}", first.meaning());
    }
}

/// The metadata of the code in the state of a block.
pub(crate) async fn fetch(
    endpoints: &Endpoints,
    at: BlockHash,
    number: BlockNumber,
) -> Result<Vec<u8>, ChainError> {
    for version in METADATA_VERSIONS {
        let argument = format!("0x{}", version.to_le_bytes().map(|byte| format!("{byte:02x}")).concat());
        let params = rpc_params!["Metadata_metadata_at_version", argument, H256(at.0)];
        let answer = endpoints.call::<Bytes>(Some(number), "state_call", params).await.map(|bytes| bytes.0);
        // Option<OpaqueMetadata>: 1, then the length, then the metadata.
        match answer {
            Ok(bytes) if bytes.first() == Some(&1) => {
                let inner: Vec<u8> = subxt::ext::codec::Decode::decode(&mut &bytes[1..])
                    .map_err(|e| ChainError::Malformed(format!("the metadata cannot be unwrapped: {e}")))?;
                return Ok(inner);
            }
            // Not there in this version, or no such call: the next.
            Ok(_) | Err(ChainError::Unsupported(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let raw: Bytes = endpoints.call(Some(number), "state_getMetadata", rpc_params![H256(at.0)]).await?;
    Ok(raw.0)
}

/// The spec version of the runtime whose code is in the state of a block.
pub(crate) async fn spec_version_of_code(
    endpoints: &Endpoints,
    at: BlockHash,
    number: BlockNumber,
) -> Result<u32, ChainError> {
    let version: RuntimeVersion =
        endpoints.call(Some(number), "state_getRuntimeVersion", rpc_params![H256(at.0)]).await?;
    Ok(version.spec_version)
}
