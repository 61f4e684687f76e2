//! The runtimes met so far, by version. The metadata of each is fetched once.

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard, PoisonError};

use tokio::sync::Mutex;
use vesting_core::ports::ChainError;
use vesting_core::{BlockHash, BlockNumber};

use crate::endpoints::rpc::Rpc;
use crate::facts::{MEASURED, Standing};
use crate::runtimes::code::{metadata_of_code, spec_version_of_code};
use crate::runtimes::runtime::Runtime;

/// The log lists at most so many names of one meaning; `vesting doctor` lists all.
const NAMES_IN_LOG: usize = 40;

/// Every runtime met so far.
#[derive(Default)]
pub(crate) struct MetRuntimes {
    /// Locked while one is fetched, so that each version is fetched once, however many ask for it.
    known: Mutex<BTreeMap<u32, Arc<Runtime>>>,
    /// The one of the highest version, for those who cannot wait for the lock.
    newest: std::sync::Mutex<Option<Arc<Runtime>>>,
}

impl MetRuntimes {
    /// The runtime of `spec_version`, whose code is in the state of the block `at`.
    pub(crate) async fn get(
        &self,
        rpc: &Rpc,
        spec_version: u32,
        at: BlockHash,
        number: BlockNumber,
    ) -> Result<Arc<Runtime>, ChainError> {
        let mut known = self.known.lock().await;
        if let Some(runtime) = known.get(&spec_version) {
            return Ok(runtime.clone());
        }
        // What is learned of a version is kept for good, so it must be of that version.
        let code = spec_version_of_code(rpc, at, number).await?;
        if code != spec_version {
            let why = format!(
                "a block names spec {spec_version} as its runtime, but the code before it, in block \
                {number}, is spec {code}"
            );
            return Err(ChainError::Malformed(why));
        }
        let bytes = metadata_of_code(rpc, at, number).await?;
        let runtime = Arc::new(Runtime::new(spec_version, &bytes)?);
        tracing::info!(spec_version, capabilities = ?runtime.capabilities(), "runtime");
        log_unknown(&runtime);
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

    /// A panic leaves it whole.
    fn newest(&self) -> MutexGuard<'_, Option<Arc<Runtime>>> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The runtime of `spec_version`, if it was met.
    pub(crate) async fn met(&self, spec_version: u32) -> Option<Arc<Runtime>> {
        self.known.lock().await.get(&spec_version).cloned()
    }
}

/// Logs what is assumed of a runtime, and what of it is unknown.
fn log_unknown(runtime: &Runtime) {
    let (spec_version, standing) = (runtime.spec_version(), runtime.facts().standing());
    if standing.is_beyond() {
        let side = if standing == Standing::Newer { "newer" } else { "older" };
        tracing::warn!(
            spec_version,
            measured = ?MEASURED,
            "this runtime is {side} than any measured one: the rules measured on those are assumed for it"
        );
    }
    // One line for each meaning.
    for some in runtime.unknown().chunk_by(|one, other| one.meaning() == other.meaning()) {
        let Some(first) = some.first() else { continue };
        let shown: Vec<String> =
            some.iter().take(NAMES_IN_LOG).map(|unknown| unknown.item.to_string()).collect();
        tracing::warn!(spec_version, count = some.len(), items = shown.join(", "), "{}", first.meaning());
    }
}
