//! Traces: storage that is read only to be compared with another block's.

use std::collections::BTreeSet;

use vesting_core::ports::{ChainError, ColdkeyTrace, TraceKeys, Traces};
use vesting_core::{BlockNumber, Coldkey, Hotkey, NetUid};

use crate::runtimes::runtime::Runtime;
use crate::stake::pool::PoolKeys;
use crate::stake::position_trace::PositionTraceKeys;
use crate::stake::proxies::Proxies;
use crate::state::reader::Reader;

/// The key of a coldkey's `StakingHotkeys`.
fn staking_key(runtime: &Runtime, coldkey: Coldkey) -> Result<Vec<u8>, ChainError> {
    runtime.key("StakingHotkeys", &[&coldkey.0])
}

/// The hotkeys that a coldkey may have stake on.
fn staking(reader: &Reader<'_>, coldkey: Coldkey) -> Result<BTreeSet<Hotkey>, ChainError> {
    let hotkeys: Option<Vec<[u8; 32]>> =
        reader.value("StakingHotkeys", &staking_key(&reader.runtime, coldkey)?)?;
    Ok(hotkeys.unwrap_or_default().into_iter().map(Hotkey).collect())
}

/// Every key of the traces that are asked for, except those of accounts.
pub(crate) fn keys(
    runtime: &Runtime,
    number: BlockNumber,
    netuid: NetUid,
    asked: &TraceKeys,
) -> Result<Vec<Vec<u8>>, ChainError> {
    let mut keys = Vec::new();
    for key in &asked.positions {
        keys.extend(PositionTraceKeys::new(runtime, number, netuid, *key, true)?.all());
    }
    for hotkey in &asked.pools {
        keys.extend(PoolKeys::new(runtime, number, netuid, *hotkey)?.all());
    }
    for coldkey in &asked.coldkeys {
        keys.push(staking_key(runtime, *coldkey)?);
    }
    Ok(keys)
}

/// The traces that are asked for. Their keys must have been read, except those of accounts.
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
        traces
            .positions
            .insert(*key, PositionTraceKeys::new(runtime, number, netuid, *key, true)?.read(reader)?);
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
