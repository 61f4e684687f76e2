//! Reads storage of one block's state, each key once, in few requests.

use std::sync::Arc;

use subxt::ext::scale_decode::DecodeAsType;
use vesting_core::ports::ChainError;
use vesting_core::{BlockHash, BlockNumber};

use crate::endpoints::endpoint::Endpoints;
use crate::node::storage::{self, Values};
use crate::runtimes::runtime::Runtime;
use crate::state::runtime_api::RuntimeApi;

/// The state of a block, as far as it was asked for.
pub(crate) struct Reader<'a> {
    endpoints: &'a Endpoints,
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) number: BlockNumber,
    pub(crate) hash: BlockHash,
    values: Values,
}

/// Two answers about the same are not the same: at least one of them is wrong.
pub(crate) fn two_answers(what: impl std::fmt::Display, number: BlockNumber) -> ChainError {
    ChainError::Malformed(format!(
        "asked twice about {what} in the state of block {number}, it gave two answers"
    ))
}

impl<'a> Reader<'a> {
    /// A reader of a state made by `runtime`, that knows nothing yet.
    pub(crate) fn new(
        endpoints: &'a Endpoints,
        runtime: Arc<Runtime>,
        number: BlockNumber,
        hash: BlockHash,
    ) -> Self {
        Self { endpoints, runtime, number, hash, values: Values::default() }
    }

    /// The same, with values that were read already.
    pub(crate) fn with(mut self, values: Values) -> Self {
        self.values.absorb(values);
        self
    }

    /// A reader of the same state that knows nothing yet.
    pub(crate) fn afresh(&self) -> Self {
        Self::new(self.endpoints, Arc::clone(&self.runtime), self.number, self.hash)
    }

    /// [`two_answers`] about this state.
    pub(crate) fn differs(&self, what: impl std::fmt::Display) -> ChainError {
        two_answers(what, self.number)
    }

    /// The runtime's code in this state.
    pub(crate) fn runtime_api(&self) -> RuntimeApi<'_> {
        RuntimeApi { endpoints: self.endpoints, runtime: &self.runtime, number: self.number, hash: self.hash }
    }

    /// Reads those of the keys that were not read yet.
    pub(crate) async fn ensure(&mut self, keys: Vec<Vec<u8>>) -> Result<(), ChainError> {
        let new: Vec<Vec<u8>> = keys.into_iter().filter(|key| !self.values.knows(key)).collect();
        if !new.is_empty() {
            self.values.absorb(storage::read(self.endpoints, self.number, self.hash, new).await?);
        }
        Ok(())
    }

    /// The bytes of a key that was read; `None` where the state has none.
    pub(crate) fn raw(&self, key: &[u8]) -> Option<&[u8]> {
        debug_assert!(self.values.knows(key), "a key that was not read");
        self.values.get(key)
    }

    /// The bytes of a key, where it was read and the state has some.
    pub(crate) fn known(&self, key: &[u8]) -> Option<&[u8]> {
        self.values.get(key)
    }

    /// Takes the bytes of a key that was read.
    pub(crate) fn take(&mut self, key: &[u8]) -> Option<Vec<u8>> {
        self.values.take(key)
    }

    /// The value of `SubtensorModule.item` at a key that was read.
    pub(crate) fn value<T: DecodeAsType>(&self, item: &str, key: &[u8]) -> Result<Option<T>, ChainError> {
        self.raw(key).map(|bytes| self.runtime.value(item, bytes)).transpose()
    }
}
