//! The runtime APIs about stake: the runtime's own answers, computed from its storage.

use std::collections::BTreeMap;

use codec::{Compact, Decode, Encode};
use vesting_core::share_pool::{SafeFloat, Shares, alpha_by_fixed, alpha_by_floats, alpha_capped};
use vesting_core::{Coldkey, Hotkey, NetUid, PositionKey, Rao};

use crate::history::History;
pub use crate::history::storage_key::{blake2_concat, identity, storage_key, twox_concat};
use crate::sim::{Generation, SPEC_NAME};

const SUBNET: &str = "SubnetInfoRuntimeApi_get_dynamic_info";
const LOCKS: &str = "StakeInfoRuntimeApi_get_stake_availability_for_coldkeys";
/// Since this version no position is worth more than its pool.
const CAPPED_SINCE: u32 = 458;
const POSITION: &str = "StakeInfoRuntimeApi_get_stake_info_for_hotkey_coldkey_netuid";

/// The alpha of a position in the state of block `at`. `floats` is true for runtimes with `AlphaV2`.
#[must_use]
pub fn alpha(
    history: &History,
    hotkey: [u8; 32],
    coldkey: [u8; 32],
    netuid: u16,
    at: u32,
    floats: bool,
) -> Rao {
    let pair = [blake2_concat(&hotkey), blake2_concat(&coldkey), identity(netuid)];
    let pool = [blake2_concat(&hotkey), identity(netuid)];
    // The simulated runtimes have other names for some items.
    let simulated = simulated(history, at);
    let name = |item: &'static str| simulated.map_or(item, |generation| generation.item(item));
    let read = |item: &'static str, keys: &[Vec<u8>]| {
        // A runtime that was just upgraded does not find items that the next block migrates.
        history.storage(&storage_key("SubtensorModule", name(item), keys), at).map(<[u8]>::to_vec)
    };
    let fixed = |item: &'static str, keys: &[Vec<u8>]| {
        read(item, keys).and_then(|bytes| u128::decode(&mut &*bytes).ok())
    };
    let float = |item: &'static str, keys: &[Vec<u8>]| {
        let (mantissa, exponent) =
            read(item, keys).and_then(|bytes| <(u128, i64)>::decode(&mut &*bytes).ok())?;
        Some(SafeFloat { mantissa, exponent })
    };
    let total =
        Rao(read("TotalHotkeyAlpha", &pool).and_then(|bytes| u64::decode(&mut &*bytes).ok()).unwrap_or(0));
    let (old, old_total) = (fixed("Alpha", &pair), fixed("TotalHotkeyShares", &pool));
    if !floats {
        return alpha_by_fixed(total, old.unwrap_or(0), old_total.unwrap_or(0));
    }
    let shares = old.map(Shares::Fixed).or_else(|| float("AlphaV2", &pair).map(Shares::Float));
    let all = old_total.map(Shares::Fixed).or_else(|| float("TotalHotkeySharesV2", &pool).map(Shares::Float));
    let epoch = |item: &'static str, keys: &[Vec<u8>]| {
        read(item, keys).and_then(|bytes| u64::decode(&mut &*bytes).ok()).unwrap_or(0)
    };
    let pool_epoch = epoch("AlphaSharePoolEpoch", &pool);
    if pool_epoch != 0 && pool_epoch != epoch("AlphaShareEpoch", &pair) {
        // The row was left behind when the pool was closed.
        return Rao::ZERO;
    }
    let capped = history.runtime(at).is_some_and(|runtime| runtime.spec_version >= CAPPED_SINCE);
    match (shares, all) {
        (Some(shares), Some(all)) if capped => alpha_capped(total, shares, all),
        (Some(shares), Some(all)) => alpha_by_floats(total, shares, all),
        _ => Rao::ZERO,
    }
}

/// The generation whose code is in the state of block `at`, if the runtime is a simulated one.
fn simulated(history: &History, at: u32) -> Option<Generation> {
    let runtime = history.runtime(at).filter(|runtime| runtime.version_json["specName"] == SPEC_NAME)?;
    Generation::of(runtime.spec_version)
}

/// The simulated runtime's own answer about a subnet.
fn dynamic_info(history: &History, generation: Generation, args: &[u8], at: u32) -> Result<Vec<u8>, String> {
    let netuid = u16::decode(&mut &*args).map_err(|_| format!("bad arguments of {SUBNET}"))?;
    let read = |item: &'static str| {
        history.storage(&storage_key("SubtensorModule", generation.item(item), &[identity(netuid)]), at)
    };
    let number = |item| read(item).and_then(|bytes| u64::decode(&mut &*bytes).ok()).unwrap_or(0);
    if read("NetworksAdded") != Some(&[1]) {
        return Ok(vec![0]);
    }
    let tempo = read("Tempo").and_then(|bytes| u16::decode(&mut &*bytes).ok()).unwrap_or(0);
    let info = (
        Compact(netuid),
        Compact(tempo),
        Compact(number("LastMechansimStepBlock")),
        Compact(number("BlocksSinceLastStep")),
        Compact(number("NetworkRegisteredAt")),
    );
    Ok(Some(info).encode())
}

/// Total, locked and available alpha.
type Availability = (Compact<u64>, Compact<u64>, Compact<u64>);

/// The simulated runtime's own answer about how much coldkeys can move. Subnets without stake are left out.
fn availability(history: &History, mut args: &[u8], at: u32, more: &More<'_>) -> Result<Vec<u8>, String> {
    let (coldkeys, netuids) = <(Vec<[u8; 32]>, Option<Vec<u16>>)>::decode(&mut args)
        .map_err(|_| format!("bad arguments of {LOCKS}"))?;
    let read = |item, keys: &[Vec<u8>]| history.storage(&storage_key("SubtensorModule", item, keys), at);
    let mut answer: BTreeMap<[u8; 32], BTreeMap<u16, Availability>> = BTreeMap::new();
    for coldkey in coldkeys {
        let hotkeys = read("StakingHotkeys", &[blake2_concat(&coldkey)])
            .and_then(|bytes| <Vec<[u8; 32]>>::decode(&mut &*bytes).ok());
        let subnets = answer.entry(coldkey).or_default();
        for netuid in netuids.iter().flatten() {
            let told = |hotkey: &[u8; 32]| {
                let key = PositionKey { hotkey: Hotkey(*hotkey), coldkey: Coldkey(coldkey) };
                alpha(history, *hotkey, coldkey, *netuid, at, true)
                    .0
                    .saturating_add(more(NetUid(*netuid), &key))
            };
            let alphas = hotkeys.iter().flatten().map(told);
            let total = alphas.fold(0u64, u64::saturating_add);
            // A lock may stand on any hotkey. Its first field is the amount.
            let locks = storage_key("SubtensorModule", "Lock", &[blake2_concat(&coldkey), identity(*netuid)]);
            let locks = history.keys(&locks, None, usize::MAX, at);
            let locked = locks.into_iter().filter_map(|key| {
                history.storage(key, at).and_then(|mut bytes| u64::decode(&mut bytes).ok())
            });
            let collateral = read("ColdkeyMinerCollateral", &[identity(*netuid), blake2_concat(&coldkey)]);
            let collateral = collateral.and_then(|bytes| u64::decode(&mut &*bytes).ok()).unwrap_or(0);
            let locked = locked.fold(collateral, u64::saturating_add).min(total);
            if total > 0 || locked > 0 {
                subnets.insert(
                    *netuid,
                    (Compact(total), Compact(locked), Compact(total.saturating_sub(locked))),
                );
            }
        }
    }
    Ok(answer.encode())
}

/// How many rao an answer adds to what storage holds for a position.
pub type More<'a> = dyn Fn(NetUid, &PositionKey) -> u64 + 'a;

/// Answers a call of these APIs in the state of block `at`, and adds `more` to each position. `None` for any
/// other method.
#[must_use]
pub fn call(
    history: &History,
    method: &str,
    mut args: &[u8],
    at: u32,
    more: &More<'_>,
) -> Option<Result<Vec<u8>, String>> {
    if method == SUBNET {
        return simulated(history, at).map(|generation| dynamic_info(history, generation, args, at));
    }
    if method == LOCKS {
        let tells = simulated(history, at).is_some_and(Generation::tells_locks);
        return tells.then(|| availability(history, args, at, more));
    }
    if method != POSITION {
        return None;
    }
    let Ok((hotkey, coldkey, netuid)) = <([u8; 32], [u8; 32], u16)>::decode(&mut args) else {
        return Some(Err(format!("bad arguments of {method}")));
    };
    // Runtime calls at a block use the code in its state (docs/chain.md#the-runtime-that-made-a-block).
    let floats = history.runtime(at).is_some_and(|runtime| runtime.spec_version >= 401)
        || simulated(history, at).is_some();
    let key = PositionKey { hotkey: Hotkey(hotkey), coldkey: Coldkey(coldkey) };
    let stake =
        Rao(alpha(history, hotkey, coldkey, netuid, at, floats).0.saturating_add(more(NetUid(netuid), &key)));
    let registered = [identity(netuid), blake2_concat(&hotkey)];
    let registered = history.storage(&storage_key("SubtensorModule", "Uids", &registered), at).is_some();
    let none = Compact(0u64);
    Some(Ok(Some((hotkey, coldkey, Compact(netuid), Compact(stake.0), none, none, none, none, registered))
        .encode()))
}
