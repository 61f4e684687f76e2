//! The trace of one position: its shares, and when a stake operation last touched it.

use vesting_core::ports::{ChainError, PositionTrace};
use vesting_core::{BlockNumber, NetUid, PositionKey};

use crate::runtimes::runtime::Runtime;
use crate::stake::shares::{ShareKeys, ShareRow};
use crate::state::reader::Reader;

/// The keys of a position's trace.
pub(crate) struct PositionTraceKeys {
    pub(crate) key: PositionKey,
    shares: ShareKeys,
    touched: Option<Vec<u8>>,
}

impl PositionTraceKeys {
    /// The keys. `pointer` says whether the block of the last stake operation is read too.
    pub(crate) fn new(
        runtime: &Runtime,
        number: BlockNumber,
        netuid: NetUid,
        key: PositionKey,
        pointer: bool,
    ) -> Result<Self, ChainError> {
        let touched = if pointer && runtime.has_pointers() {
            Some(runtime.key("LastColdkeyHotkeyStakeBlock", &[&key.coldkey.0, &key.hotkey.0])?)
        } else {
            None
        };
        Ok(Self { key, shares: ShareKeys::of_position(runtime, number, netuid, &key)?, touched })
    }

    /// Every key.
    pub(crate) fn all(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        self.shares.all().chain(self.touched.clone())
    }

    /// The position's shares; `None` if it has none.
    pub(crate) fn shares(&self, reader: &Reader<'_>) -> Result<Option<ShareRow>, ChainError> {
        self.shares.read(reader)
    }

    /// The trace.
    pub(crate) fn read(&self, reader: &Reader<'_>) -> Result<PositionTrace, ChainError> {
        let touched = match &self.touched {
            Some(key) => reader.value::<u64>("LastColdkeyHotkeyStakeBlock", key)?.unwrap_or(0),
            None => 0,
        };
        Ok(PositionTrace { shares: self.shares.fingerprint(reader), touched: BlockNumber(touched) })
    }
}
