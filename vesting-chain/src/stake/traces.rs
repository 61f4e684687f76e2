//! Traces: storage that is read only to be compared with another block's.

use std::collections::BTreeSet;

use vesting_core::ports::{ChainError, ColdkeyTrace, PositionTrace, TraceKeys, Traces};
use vesting_core::{BlockNumber, Coldkey, Hotkey, NetUid, PositionKey};

use crate::runtimes::runtime::Runtime;
use crate::stake::proxies::Proxies;
use crate::stake::shares::{PoolKeys, Row, ShareKeys};
use crate::state::reader::Reader;

/// The keys of one position's trace.
pub(crate) struct TraceKeysOf {
    pub(crate) key: PositionKey,
    shares: ShareKeys,
    touched: Option<Vec<u8>>,
}

impl TraceKeysOf {
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

    pub(crate) fn all(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        self.shares.all().chain(self.touched.clone())
    }

    /// The position's shares; `None` where it has none.
    pub(crate) fn shares(&self, reader: &Reader<'_>) -> Result<Option<Row>, ChainError> {
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
    let hotkeys: Option<Vec<[u8; 32]>> =
        reader.value("StakingHotkeys", &staking_key(&reader.runtime, coldkey)?)?;
    Ok(hotkeys.unwrap_or_default().into_iter().map(Hotkey).collect())
}

/// Every key of the traces asked for, but those of accounts.
pub(crate) fn keys(
    runtime: &Runtime,
    number: BlockNumber,
    netuid: NetUid,
    asked: &TraceKeys,
) -> Result<Vec<Vec<u8>>, ChainError> {
    let mut keys = Vec::new();
    for key in &asked.positions {
        keys.extend(TraceKeysOf::new(runtime, number, netuid, *key, true)?.all());
    }
    for hotkey in &asked.pools {
        keys.extend(PoolKeys::new(runtime, number, netuid, *hotkey)?.all());
    }
    for coldkey in &asked.coldkeys {
        keys.push(staking_key(runtime, *coldkey)?);
    }
    Ok(keys)
}

/// The traces asked for, whose keys were read.
pub(crate) async fn read(
    reader: &mut Reader<'_>,
    netuid: NetUid,
    asked: &TraceKeys,
    proxies: &Proxies,
) -> Result<Traces, ChainError> {
    let mut accounts = proxies.accounts(reader, &asked.coldkeys).await?;
    let (runtime, number) = (&reader.runtime, reader.number);
    let mut traces = Traces::default();
    for key in &asked.positions {
        traces.positions.insert(*key, TraceKeysOf::new(runtime, number, netuid, *key, true)?.read(reader)?);
    }
    for hotkey in &asked.pools {
        traces.pools.insert(*hotkey, PoolKeys::new(runtime, number, netuid, *hotkey)?.fingerprint(reader));
    }
    for coldkey in &asked.coldkeys {
        let account = accounts.remove(coldkey).unwrap_or_default();
        traces.coldkeys.insert(*coldkey, ColdkeyTrace { staking: staking(reader, *coldkey)?, account });
    }
    Ok(traces)
}
