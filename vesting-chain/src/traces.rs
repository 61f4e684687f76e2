//! Traces: storage that is read only to be compared with another block's.

use std::collections::BTreeSet;

use vesting_core::ports::{ChainError, PositionTrace, TraceKeys, Traces};
use vesting_core::share_pool::Shares;
use vesting_core::{BlockNumber, Coldkey, Hotkey, NetUid, PositionKey};

use crate::reader::Reader;
use crate::runtime::Runtime;
use crate::shares::{PoolKeys, ShareKeys};

/// The keys of one position's trace.
pub(crate) struct TraceKeysOf {
    pub(crate) key: PositionKey,
    shares: ShareKeys,
    touched: Option<Vec<u8>>,
}

impl TraceKeysOf {
    pub(crate) fn new(runtime: &Runtime, netuid: NetUid, key: PositionKey, pointer: bool) -> Result<Self, ChainError> {
        let touched = if pointer && runtime.stores("LastColdkeyHotkeyStakeBlock") {
            Some(runtime.key("LastColdkeyHotkeyStakeBlock", &[&key.coldkey.0, &key.hotkey.0])?)
        } else {
            None
        };
        Ok(Self { key, shares: ShareKeys::of_position(runtime, netuid, &key)?, touched })
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        self.shares.all().chain(self.touched.clone())
    }

    /// The position's shares; `None` where it has none.
    pub(crate) fn shares(&self, reader: &Reader<'_>) -> Result<Option<Shares>, ChainError> {
        self.shares.read(reader)
    }

    pub(crate) fn read(&self, reader: &Reader<'_>) -> Result<PositionTrace, ChainError> {
        let touched = match &self.touched {
            Some(key) => reader.value::<u64>("LastColdkeyHotkeyStakeBlock", key)?.unwrap_or(0),
            None => 0,
        };
        Ok(PositionTrace { shares: self.shares.fingerprint(reader), touched: BlockNumber(touched) })
    }
}

/// The key of `StakingHotkeys` of a coldkey.
pub(crate) fn staking_key(runtime: &Runtime, coldkey: Coldkey) -> Result<Vec<u8>, ChainError> {
    runtime.key("StakingHotkeys", &[&coldkey.0])
}

/// The hotkeys that a coldkey may have stake on.
pub(crate) fn staking(reader: &Reader<'_>, coldkey: Coldkey) -> Result<BTreeSet<Hotkey>, ChainError> {
    let hotkeys: Option<Vec<[u8; 32]>> = reader.value("StakingHotkeys", &staking_key(&reader.runtime, coldkey)?)?;
    Ok(hotkeys.unwrap_or_default().into_iter().map(Hotkey).collect())
}

/// Every key of the traces asked for.
pub(crate) fn keys(runtime: &Runtime, netuid: NetUid, asked: &TraceKeys) -> Result<Vec<Vec<u8>>, ChainError> {
    let mut keys = Vec::new();
    for key in &asked.positions {
        keys.extend(TraceKeysOf::new(runtime, netuid, *key, true)?.all());
    }
    for hotkey in &asked.pools {
        keys.extend(PoolKeys::new(runtime, netuid, *hotkey)?.all());
    }
    for coldkey in &asked.coldkeys {
        keys.push(staking_key(runtime, *coldkey)?);
    }
    Ok(keys)
}

/// The traces asked for, whose keys were read.
pub(crate) fn read(reader: &Reader<'_>, netuid: NetUid, asked: &TraceKeys) -> Result<Traces, ChainError> {
    let runtime = &reader.runtime;
    let mut traces = Traces::default();
    for key in &asked.positions {
        traces.positions.insert(*key, TraceKeysOf::new(runtime, netuid, *key, true)?.read(reader)?);
    }
    for hotkey in &asked.pools {
        traces.pools.insert(*hotkey, PoolKeys::new(runtime, netuid, *hotkey)?.fingerprint(reader));
    }
    for coldkey in &asked.coldkeys {
        traces.coldkeys.insert(*coldkey, staking(reader, *coldkey)?);
    }
    Ok(traces)
}
