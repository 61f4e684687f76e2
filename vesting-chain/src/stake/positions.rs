//! Positions: which ones a coldkey may have, and what they are worth by storage or by the runtime itself.

use std::collections::{BTreeMap, BTreeSet};

use vesting_core::ports::{ChainError, Fingerprint, PositionTrace, SubnetState};
use vesting_core::{BlockNumber, Coldkey, Hotkey, NetUid, PositionKey, Rao};

use crate::runtimes::runtime::Runtime;
use crate::stake::pool::PoolKeys;
use crate::stake::position_trace::PositionTraceKeys;
use crate::stake::proxies::Proxies;
use crate::state::reader::Reader;

/// The lists that name the hotkeys a coldkey may have stake on.
fn lists(
    runtime: &Runtime,
    netuid: NetUid,
    coldkey: Coldkey,
) -> Result<Vec<(&'static str, Vec<u8>)>, ChainError> {
    let mut lists = Vec::with_capacity(3);
    for item in ["StakingHotkeys", "OwnedHotkeys"].into_iter().filter(|item| runtime.stores(item)) {
        lists.push((item, runtime.key(item, &[&coldkey.0])?));
    }
    if runtime.stores("AutoStakeDestination") {
        lists.push((
            "AutoStakeDestination",
            runtime.key("AutoStakeDestination", &[&coldkey.0, &netuid.0.to_le_bytes()])?,
        ));
    }
    Ok(lists)
}

/// The keys of the positions of `coldkeys`, as far as they are known before reading: those of `expected`
/// positions.
pub(crate) fn expected_keys(
    runtime: &Runtime,
    number: BlockNumber,
    netuid: NetUid,
    coldkeys: &BTreeSet<Coldkey>,
    expected: &BTreeSet<PositionKey>,
    pointers: bool,
) -> Result<Vec<Vec<u8>>, ChainError> {
    let mut keys = Vec::new();
    for coldkey in coldkeys {
        keys.extend(lists(runtime, netuid, *coldkey)?.into_iter().map(|(_, key)| key));
    }
    let mut hotkeys = BTreeSet::new();
    for key in expected.iter().filter(|key| coldkeys.contains(&key.coldkey)) {
        keys.extend(PositionTraceKeys::new(runtime, number, netuid, *key, pointers)?.all());
        hotkeys.insert(key.hotkey);
    }
    for hotkey in hotkeys {
        keys.extend(PoolKeys::new(runtime, number, netuid, hotkey)?.all());
    }
    Ok(keys)
}

/// The positions that `coldkeys` may have on `netuid`: those expected, and one on every hotkey that a coldkey
/// may have stake on. `StakingHotkeys` loses a hotkey only when a key is swapped, or when nothing is left on
/// it. A coldkey's own hotkeys and its auto-stake destination are added, since they may be credited unasked.
pub(crate) async fn possible(
    reader: &mut Reader<'_>,
    netuid: NetUid,
    coldkeys: &BTreeSet<Coldkey>,
    expected: &BTreeSet<PositionKey>,
    proxies: &Proxies,
    state: &mut SubnetState,
) -> Result<BTreeSet<PositionKey>, ChainError> {
    let runtime = reader.runtime.clone();
    let wanted = coldkeys
        .iter()
        .map(|coldkey| Ok((*coldkey, lists(&runtime, netuid, *coldkey)?)))
        .collect::<Result<Vec<_>, ChainError>>()?;
    let mut keys: Vec<Vec<u8>> =
        wanted.iter().flat_map(|(_, lists)| lists.iter().map(|(_, key)| key.clone())).collect();
    // Their accounts are needed next, so these keys are read in the same requests.
    keys.extend(proxies.expected_keys(&runtime, coldkeys)?);
    reader.ensure(keys).await?;
    let mut accounts = proxies.accounts(reader, coldkeys).await?;
    let mut pairs: BTreeSet<PositionKey> =
        expected.iter().filter(|key| coldkeys.contains(&key.coldkey)).copied().collect();
    for (coldkey, lists) in wanted {
        // Also if the runtime has no such list: the coldkey was read.
        let trace = state.traces.coldkeys.entry(coldkey).or_default();
        trace.account = accounts.remove(&coldkey).unwrap_or_default();
        for (item, key) in lists {
            let hotkeys: Vec<[u8; 32]> = if item == "AutoStakeDestination" {
                reader.value::<[u8; 32]>(item, &key)?.into_iter().collect()
            } else {
                reader.value(item, &key)?.unwrap_or_default()
            };
            if item == "StakingHotkeys" {
                trace.staking = hotkeys.iter().copied().map(Hotkey).collect();
            }
            pairs.extend(hotkeys.into_iter().map(|hotkey| PositionKey { hotkey: Hotkey(hotkey), coldkey }));
        }
    }
    Ok(pairs)
}

/// Reads the keys of these positions' traces.
async fn traces(
    reader: &mut Reader<'_>,
    netuid: NetUid,
    pairs: &BTreeSet<PositionKey>,
    pointers: bool,
) -> Result<Vec<PositionTraceKeys>, ChainError> {
    let traces = pairs
        .iter()
        .map(|key| PositionTraceKeys::new(&reader.runtime, reader.number, netuid, *key, pointers))
        .collect::<Result<Vec<_>, _>>()?;
    reader.ensure(traces.iter().flat_map(PositionTraceKeys::all).collect()).await?;
    Ok(traces)
}

/// Reads the keys of these hotkeys' pools, and adds their fingerprints to `state`.
async fn pools(
    reader: &mut Reader<'_>,
    netuid: NetUid,
    hotkeys: BTreeSet<Hotkey>,
    state: &mut SubnetState,
) -> Result<Vec<(Hotkey, PoolKeys)>, ChainError> {
    let keys = |hotkey| Ok((hotkey, PoolKeys::new(&reader.runtime, reader.number, netuid, hotkey)?));
    let pools = hotkeys.into_iter().map(keys).collect::<Result<Vec<_>, ChainError>>()?;
    reader.ensure(pools.iter().flat_map(|(_, pool)| pool.all()).collect()).await?;
    for (hotkey, pool) in &pools {
        state.traces.pools.insert(*hotkey, pool.fingerprint(reader));
    }
    Ok(pools)
}

/// Works out positions from storage, and adds them to `state`.
pub(crate) async fn by_storage(
    reader: &mut Reader<'_>,
    netuid: NetUid,
    pairs: &BTreeSet<PositionKey>,
    pointers: bool,
    state: &mut SubnetState,
) -> Result<(), ChainError> {
    let traces = traces(reader, netuid, pairs, pointers).await?;
    let mut held = Vec::with_capacity(traces.len());
    for trace in &traces {
        state.traces.positions.insert(trace.key, trace.read(reader)?);
        if let Some(row) = trace.shares(reader)? {
            held.push((trace.key, row));
        }
    }
    let mut by_hotkey = BTreeMap::new();
    for (hotkey, keys) in
        pools(reader, netuid, held.iter().map(|(key, _)| key.hotkey).collect(), state).await?
    {
        if let Some(pool) = keys.read(reader)? {
            by_hotkey.insert(hotkey, pool);
        }
    }
    for (key, row) in held {
        let Some(pool) = by_hotkey.get(&key.hotkey) else { continue };
        let alpha = pool.alpha(&reader.runtime, row);
        if alpha > Rao::ZERO {
            state.positions.insert(key, alpha);
        }
    }
    Ok(())
}

/// Works out one position from storage that is read for it alone.
pub(crate) async fn alpha(
    mut reader: Reader<'_>,
    netuid: NetUid,
    key: PositionKey,
) -> Result<Rao, ChainError> {
    let mut state = SubnetState::default();
    by_storage(&mut reader, netuid, &BTreeSet::from([key]), false, &mut state).await?;
    Ok(state.positions.get(&key).copied().unwrap_or_default())
}

/// Asks the runtime itself for positions, and adds them to `state`. Its answer is the trace too: between
/// epochs only stake operations change it.
pub(crate) async fn by_runtime(
    reader: &mut Reader<'_>,
    netuid: NetUid,
    pairs: &BTreeSet<PositionKey>,
    pointers: bool,
    state: &mut SubnetState,
) -> Result<(), ChainError> {
    let traces = traces(reader, netuid, pairs, pointers).await?;
    let keys: Vec<PositionKey> = pairs.iter().copied().collect();
    let alphas = reader.runtime_api().alphas(netuid, &keys).await?;
    for (trace, alpha) in traces.iter().zip(alphas) {
        let touched = trace.read(reader)?.touched;
        let shares = if alpha > Rao::ZERO {
            Fingerprint(alpha.0.to_le_bytes().to_vec())
        } else {
            Fingerprint::default()
        };
        state.traces.positions.insert(trace.key, PositionTrace { shares, touched });
        if alpha > Rao::ZERO {
            state.positions.insert(trace.key, alpha);
        }
    }
    let held = state.positions.keys().map(|key| key.hotkey).collect();
    pools(reader, netuid, held, state).await?;
    Ok(())
}
