//! Reading the state of one block: each storage key once, in few requests.

use std::sync::Arc;

use subxt::ext::scale_decode::DecodeAsType;
use vesting_core::ports::ChainError;
use vesting_core::{BlockHash, BlockNumber};

use crate::endpoints::rpc::Rpc;
use crate::node::storage;
use crate::node::values::Values;
use crate::runtimes::runtime::Runtime;
use crate::state::runtime_api::RuntimeApi;

/// The state of a block, as far as it was read.
pub(crate) struct Reader<'a> {
    rpc: &'a Rpc,
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) number: BlockNumber,
    pub(crate) hash: BlockHash,
    values: Values,
}

/// The error when a node gave two answers to the same question: at least one of them is wrong.
pub(crate) fn two_answers(what: impl std::fmt::Display, number: BlockNumber) -> ChainError {
    ChainError::Malformed(format!(
        "asked twice about {what} in the state of block {number}, the endpoint gave two different answers"
    ))
}

impl<'a> Reader<'a> {
    /// A reader of a state made by `runtime`. It has read nothing yet.
    pub(crate) fn new(rpc: &'a Rpc, runtime: Arc<Runtime>, number: BlockNumber, hash: BlockHash) -> Self {
        Self { rpc, runtime, number, hash, values: Values::default() }
    }

    /// The same reader, with values that were read before.
    pub(crate) fn with(mut self, values: Values) -> Self {
        self.values.absorb(values);
        self
    }

    /// A reader of the same state that has read nothing yet.
    pub(crate) fn afresh(&self) -> Self {
        Self::new(self.rpc, Arc::clone(&self.runtime), self.number, self.hash)
    }

    /// The error when two answers about this state differ.
    pub(crate) fn differs(&self, what: impl std::fmt::Display) -> ChainError {
        two_answers(what, self.number)
    }

    /// The calls of the runtime in this state.
    pub(crate) fn runtime_api(&self) -> RuntimeApi<'_> {
        RuntimeApi { rpc: self.rpc, runtime: &self.runtime, number: self.number, hash: self.hash }
    }

    /// Reads those of the keys that were not read before.
    pub(crate) async fn ensure(&mut self, keys: Vec<Vec<u8>>) -> Result<(), ChainError> {
        let new: Vec<Vec<u8>> = keys.into_iter().filter(|key| !self.values.knows(key)).collect();
        if !new.is_empty() {
            self.values.absorb(storage::read(self.rpc, self.number, self.hash, new).await?);
        }
        Ok(())
    }

    /// The bytes of a key that was read; `None` if the state has no value.
    pub(crate) fn raw(&self, key: &[u8]) -> Option<&[u8]> {
        debug_assert!(self.values.knows(key), "a key that was not read");
        self.values.get(key)
    }

    /// The bytes of a key; `None` if it was not read, or the state has no value.
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
