//! Writes the blocks of the chain into a history, for a node to serve.

use std::sync::{Arc, PoisonError, RwLock};

use crate::history::storage_key::storage_key;
use crate::history::{BlockData, History};
use crate::sim::runtime::generation::Generation;
use crate::sim::runtime::version::runtime;

/// Writes blocks into a history.
pub(crate) struct HistoryWriter {
    pub(in crate::sim) history: Arc<RwLock<History>>,
    /// The runtime whose code is in the last state.
    pub(in crate::sim) code: Generation,
    pub(in crate::sim) events: Vec<u8>,
    pub(in crate::sim) number: Vec<u8>,
    pub(in crate::sim) parent: Vec<u8>,
    pub(in crate::sim) now: Vec<u8>,
}

impl HistoryWriter {
    pub(crate) fn new(history: Arc<RwLock<History>>, code: Generation) -> Self {
        history.write().unwrap_or_else(PoisonError::into_inner).add_runtime(0, runtime(code));
        Self {
            history,
            code,
            events: storage_key("System", "Events", &[]),
            number: storage_key("System", "Number", &[]),
            parent: storage_key("System", "ParentHash", &[]),
            now: storage_key("Timestamp", "Now", &[]),
        }
    }

    /// Adds a block to the history.
    pub(crate) fn push(&self, block: BlockData) {
        let mut history = self.history.write().unwrap_or_else(PoisonError::into_inner);
        // Blocks come from one chain and in order, so none is refused.
        let pushed = history.push(block);
        debug_assert!(pushed.is_ok(), "{pushed:?}");
    }
}
