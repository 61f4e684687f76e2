//! The positions of many coldkeys on one subnet, straight from the share pools' storage.

use std::collections::{BTreeMap, BTreeSet};

use subxt::ext::scale_decode::DecodeAsType;
use vesting_core::ports::ChainError;
use vesting_core::share_pool::{SafeFloat, Shares, alpha_by_fixed, alpha_by_floats};
use vesting_core::{BlockHash, BlockNumber, Coldkey, Hotkey, NetUid, Position, PositionKey, Rao};

use crate::chunks::{self, Values};
use crate::endpoint::Endpoints;
use crate::runtime::Runtime;

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct FixedBits {
    bits: u128,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct FloatParts {
    mantissa: u128,
    exponent: i64,
}

/// A state to read in.
pub(crate) struct State<'a> {
    pub(crate) endpoints: &'a Endpoints,
    pub(crate) runtime: &'a Runtime,
    pub(crate) number: BlockNumber,
    pub(crate) hash: BlockHash,
}

impl State<'_> {
    pub(crate) async fn read(&self, keys: &[Vec<u8>]) -> Result<Values, ChainError> {
        chunks::read(self.endpoints, self.number, self.hash, keys).await
    }
}

/// Every position with alpha above 0 of `coldkeys` on `netuid`, by key.
pub(crate) async fn read(state: &State<'_>, netuid: NetUid, coldkeys: &[Coldkey]) -> Result<Vec<Position>, ChainError> {
    let pairs = pairs(state, netuid, coldkeys).await?;
    let shares = shares(state, netuid, &pairs).await?;
    alphas(state, netuid, shares).await
}

/// The hotkeys on which each coldkey may have stake: `StakingHotkeys` never shrinks (CHAIN.md), its
/// own hotkeys and its auto-stake destination are added in case something was credited unasked.
async fn pairs(state: &State<'_>, netuid: NetUid, coldkeys: &[Coldkey]) -> Result<BTreeSet<PositionKey>, ChainError> {
    let runtime = state.runtime;
    let lists: Vec<&str> = ["StakingHotkeys", "OwnedHotkeys"].into_iter().filter(|item| runtime.stores(item)).collect();
    let auto = runtime.stores("AutoStakeDestination");
    let mut wanted: Vec<(Coldkey, &str, Vec<u8>)> = Vec::new();
    for coldkey in coldkeys {
        for &item in &lists {
            wanted.push((*coldkey, item, runtime.key(item, (coldkey.0,))?));
        }
        if auto {
            wanted.push((*coldkey, "AutoStakeDestination", runtime.key("AutoStakeDestination", (coldkey.0, netuid.0))?));
        }
    }
    let keys: Vec<Vec<u8>> = wanted.iter().map(|(.., key)| key.clone()).collect();
    let values = state.read(&keys).await?;
    let mut pairs = BTreeSet::new();
    for (coldkey, item, key) in wanted {
        let Some(bytes) = values.get(&key) else { continue };
        let hotkeys: Vec<[u8; 32]> =
            if item == "AutoStakeDestination" { vec![runtime.value(item, bytes)?] } else { runtime.value(item, bytes)? };
        pairs.extend(hotkeys.into_iter().map(|hotkey| PositionKey { hotkey: Hotkey(hotkey), coldkey }));
    }
    Ok(pairs)
}

/// The shares of each pair that has any. Where both forms are stored, `Alpha` wins (FACTS 12).
async fn shares(state: &State<'_>, netuid: NetUid, pairs: &BTreeSet<PositionKey>) -> Result<BTreeMap<PositionKey, Shares>, ChainError> {
    let (runtime, capabilities) = (state.runtime, state.runtime.capabilities());
    let mut wanted = Vec::new();
    for pair in pairs {
        let keys = (pair.hotkey.0, pair.coldkey.0, netuid.0);
        let fixed = if capabilities.fixed_shares { Some(runtime.key("Alpha", keys)?) } else { None };
        let float = if capabilities.float_shares { Some(runtime.key("AlphaV2", keys)?) } else { None };
        wanted.push((*pair, fixed, float));
    }
    let keys: Vec<Vec<u8>> = wanted.iter().flat_map(|(_, fixed, float)| [fixed, float]).flatten().cloned().collect();
    let values = state.read(&keys).await?;
    let mut found = BTreeMap::new();
    for (pair, fixed, float) in wanted {
        if let Some(shares) = either(state, &values, ("Alpha", fixed.as_deref()), ("AlphaV2", float.as_deref()))? {
            found.insert(pair, shares);
        }
    }
    Ok(found)
}

/// The fixed-point form where stored, else the float form.
fn either(
    state: &State<'_>,
    values: &Values,
    fixed: (&str, Option<&[u8]>),
    float: (&str, Option<&[u8]>),
) -> Result<Option<Shares>, ChainError> {
    if let Some(bytes) = fixed.1.and_then(|key| values.get(key)) {
        return Ok(Some(Shares::Fixed(state.runtime.value::<FixedBits>(fixed.0, bytes)?.bits)));
    }
    if let Some(bytes) = float.1.and_then(|key| values.get(key)) {
        let FloatParts { mantissa, exponent } = state.runtime.value(float.0, bytes)?;
        return Ok(Some(Shares::Float(SafeFloat { mantissa, exponent })));
    }
    Ok(None)
}

/// The alpha of each position from its hotkey's pool.
async fn alphas(state: &State<'_>, netuid: NetUid, shares: BTreeMap<PositionKey, Shares>) -> Result<Vec<Position>, ChainError> {
    let (runtime, capabilities) = (state.runtime, state.runtime.capabilities());
    let hotkeys: BTreeSet<Hotkey> = shares.keys().map(|pair| pair.hotkey).collect();
    let mut wanted = BTreeMap::new();
    for hotkey in hotkeys {
        let keys = (hotkey.0, netuid.0);
        let total = runtime.key("TotalHotkeyAlpha", keys)?;
        let fixed = if capabilities.fixed_shares { Some(runtime.key("TotalHotkeyShares", keys)?) } else { None };
        let float = if capabilities.float_shares { Some(runtime.key("TotalHotkeySharesV2", keys)?) } else { None };
        wanted.insert(hotkey, (total, fixed, float));
    }
    let keys: Vec<Vec<u8>> =
        wanted.values().flat_map(|(total, fixed, float)| [Some(total), fixed.as_ref(), float.as_ref()]).flatten().cloned().collect();
    let values = state.read(&keys).await?;
    let mut pools = BTreeMap::new();
    for (hotkey, (total, fixed, float)) in wanted {
        let Some(bytes) = values.get(&total) else { continue };
        let total = Rao(runtime.value("TotalHotkeyAlpha", bytes)?);
        let all = either(state, &values, ("TotalHotkeyShares", fixed.as_deref()), ("TotalHotkeySharesV2", float.as_deref()))?;
        if let Some(all) = all {
            pools.insert(hotkey, (total, all));
        }
    }
    let mut positions = Vec::with_capacity(shares.len());
    for (key, shares) in shares {
        let Some((total, all)) = pools.get(&key.hotkey) else { continue };
        let alpha = match (capabilities.float_shares, shares, *all) {
            // The runtimes without `AlphaV2` compute on the fixed-point bits (FACTS 15).
            (false, Shares::Fixed(shares), Shares::Fixed(all)) => alpha_by_fixed(*total, shares, all),
            (_, shares, all) => alpha_by_floats(*total, shares, all),
        };
        if alpha > Rao::ZERO {
            positions.push(Position { key, alpha });
        }
    }
    Ok(positions)
}
