//! Positions straight from the share pools' storage.

use std::collections::{BTreeMap, BTreeSet};

use subxt::ext::scale_decode::DecodeAsType;
use vesting_core::ports::{ChainError, Fingerprint, PositionState, PositionTrace};
use vesting_core::share_pool::{SafeFloat, Shares, alpha_by_fixed, alpha_by_floats};
use vesting_core::{BlockNumber, Coldkey, Hotkey, NetUid, PositionKey, Rao};

use crate::reader::Reader;
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

/// Shares in either form: `Alpha` and `TotalHotkeyShares`, or `AlphaV2` and `TotalHotkeySharesV2`.
pub(crate) struct ShareKeys {
    items: (&'static str, &'static str),
    fixed: Option<Vec<u8>>,
    float: Option<Vec<u8>>,
}

impl ShareKeys {
    /// Those of a position.
    pub(crate) fn of_position(runtime: &Runtime, netuid: NetUid, key: &PositionKey) -> Result<Self, ChainError> {
        let keys = (key.hotkey.0, key.coldkey.0, netuid.0);
        let capabilities = runtime.capabilities();
        Ok(Self {
            items: ("Alpha", "AlphaV2"),
            fixed: if capabilities.fixed_shares { Some(runtime.key("Alpha", keys)?) } else { None },
            float: if capabilities.float_shares { Some(runtime.key("AlphaV2", keys)?) } else { None },
        })
    }

    /// Those of a hotkey's pool.
    pub(crate) fn of_pool(runtime: &Runtime, netuid: NetUid, hotkey: Hotkey) -> Result<Self, ChainError> {
        let keys = (hotkey.0, netuid.0);
        let capabilities = runtime.capabilities();
        Ok(Self {
            items: ("TotalHotkeyShares", "TotalHotkeySharesV2"),
            fixed: if capabilities.fixed_shares { Some(runtime.key("TotalHotkeyShares", keys)?) } else { None },
            float: if capabilities.float_shares { Some(runtime.key("TotalHotkeySharesV2", keys)?) } else { None },
        })
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        [&self.fixed, &self.float].into_iter().flatten().cloned()
    }

    /// The shares. Where both forms are stored, the fixed-point one wins (FACTS 12).
    fn read(&self, reader: &Reader<'_>) -> Result<Option<Shares>, ChainError> {
        if let Some(key) = &self.fixed
            && let Some(FixedBits { bits }) = reader.value(self.items.0, key)?
        {
            return Ok(Some(Shares::Fixed(bits)));
        }
        if let Some(key) = &self.float
            && let Some(FloatParts { mantissa, exponent }) = reader.value(self.items.1, key)?
        {
            return Ok(Some(Shares::Float(SafeFloat { mantissa, exponent })));
        }
        Ok(None)
    }

    /// The stored bytes, to be compared.
    pub(crate) fn fingerprint(&self, reader: &Reader<'_>) -> Fingerprint {
        let mut bytes = Vec::new();
        for (form, key) in (1u8..).zip([&self.fixed, &self.float]) {
            if let Some(value) = key.as_ref().and_then(|key| reader.raw(key)) {
                bytes.push(form);
                bytes.extend_from_slice(value);
            }
        }
        Fingerprint(bytes)
    }
}

/// The keys of one hotkey's pool.
pub(crate) struct PoolKeys {
    total: Vec<u8>,
    shares: ShareKeys,
}

impl PoolKeys {
    pub(crate) fn new(runtime: &Runtime, netuid: NetUid, hotkey: Hotkey) -> Result<Self, ChainError> {
        Ok(Self { total: runtime.key("TotalHotkeyAlpha", (hotkey.0, netuid.0))?, shares: ShareKeys::of_pool(runtime, netuid, hotkey)? })
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        std::iter::once(self.total.clone()).chain(self.shares.all())
    }

    pub(crate) fn fingerprint(&self, reader: &Reader<'_>) -> Fingerprint {
        let mut print = self.shares.fingerprint(reader);
        print.0.extend_from_slice(reader.raw(&self.total).unwrap_or_default());
        print
    }
}

/// The keys of one position's trace.
pub(crate) struct TraceKeysOf {
    pub(crate) key: PositionKey,
    shares: ShareKeys,
    touched: Option<Vec<u8>>,
}

impl TraceKeysOf {
    pub(crate) fn new(runtime: &Runtime, netuid: NetUid, key: PositionKey) -> Result<Self, ChainError> {
        let touched = if runtime.stores("LastColdkeyHotkeyStakeBlock") {
            Some(runtime.key("LastColdkeyHotkeyStakeBlock", (key.coldkey.0, key.hotkey.0))?)
        } else {
            None
        };
        Ok(Self { key, shares: ShareKeys::of_position(runtime, netuid, &key)?, touched })
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        self.shares.all().chain(self.touched.clone())
    }

    pub(crate) fn read(&self, reader: &Reader<'_>) -> Result<PositionTrace, ChainError> {
        let touched = match &self.touched {
            Some(key) => reader.value::<u64>("LastColdkeyHotkeyStakeBlock", key)?.unwrap_or(0),
            None => 0,
        };
        Ok(PositionTrace { shares: self.shares.fingerprint(reader), touched: BlockNumber(touched) })
    }
}

/// The lists that name the hotkeys a coldkey may have stake on.
fn lists(runtime: &Runtime, netuid: NetUid, coldkey: Coldkey) -> Result<Vec<(&'static str, Vec<u8>)>, ChainError> {
    let mut lists = Vec::with_capacity(3);
    for item in ["StakingHotkeys", "OwnedHotkeys"].into_iter().filter(|item| runtime.stores(item)) {
        lists.push((item, runtime.key(item, (coldkey.0,))?));
    }
    if runtime.stores("AutoStakeDestination") {
        lists.push(("AutoStakeDestination", runtime.key("AutoStakeDestination", (coldkey.0, netuid.0))?));
    }
    Ok(lists)
}

/// Every key that the positions of `coldkeys` need, as far as `expected` knows them beforehand.
pub(crate) fn expected_keys(
    runtime: &Runtime,
    netuid: NetUid,
    coldkeys: &BTreeSet<Coldkey>,
    expected: &BTreeSet<PositionKey>,
) -> Result<Vec<Vec<u8>>, ChainError> {
    let mut keys = Vec::new();
    for coldkey in coldkeys {
        keys.extend(lists(runtime, netuid, *coldkey)?.into_iter().map(|(_, key)| key));
    }
    let mut hotkeys = BTreeSet::new();
    for key in expected.iter().filter(|key| coldkeys.contains(&key.coldkey)) {
        keys.extend(TraceKeysOf::new(runtime, netuid, *key)?.all());
        hotkeys.insert(key.hotkey);
    }
    for hotkey in hotkeys {
        keys.extend(PoolKeys::new(runtime, netuid, hotkey)?.all());
    }
    Ok(keys)
}

/// The positions of `coldkeys` on `netuid`, by key: on every hotkey they may have stake on, and those
/// expected. `StakingHotkeys` never loses one but by a key swap (CHAIN.md); a coldkey's own hotkeys and
/// its auto-stake destination are added in case something was credited unasked.
pub(crate) async fn read(
    reader: &mut Reader<'_>,
    netuid: NetUid,
    coldkeys: &BTreeSet<Coldkey>,
    expected: &BTreeSet<PositionKey>,
) -> Result<BTreeMap<PositionKey, PositionState>, ChainError> {
    let runtime = reader.runtime.clone();
    let wanted =
        coldkeys.iter().map(|coldkey| Ok((*coldkey, lists(&runtime, netuid, *coldkey)?))).collect::<Result<Vec<_>, ChainError>>()?;
    let keys = wanted.iter().flat_map(|(_, lists)| lists.iter().map(|(_, key)| key.clone())).collect();
    reader.ensure(keys).await?;
    let mut pairs: BTreeSet<PositionKey> = expected.iter().filter(|key| coldkeys.contains(&key.coldkey)).copied().collect();
    for (coldkey, lists) in wanted {
        for (item, key) in lists {
            let hotkeys: Vec<[u8; 32]> = if item == "AutoStakeDestination" {
                reader.value::<[u8; 32]>(item, &key)?.into_iter().collect()
            } else {
                reader.value(item, &key)?.unwrap_or_default()
            };
            pairs.extend(hotkeys.into_iter().map(|hotkey| PositionKey { hotkey: Hotkey(hotkey), coldkey }));
        }
    }
    let traces = pairs.into_iter().map(|key| TraceKeysOf::new(&runtime, netuid, key)).collect::<Result<Vec<_>, _>>()?;
    reader.ensure(traces.iter().flat_map(TraceKeysOf::all).collect()).await?;
    let mut shares = Vec::with_capacity(traces.len());
    for trace in &traces {
        shares.push((trace.key, trace.read(reader)?, trace.shares.read(reader)?));
    }
    let hotkeys: BTreeSet<Hotkey> = shares.iter().filter(|(.., shares)| shares.is_some()).map(|(key, ..)| key.hotkey).collect();
    let pools = hotkeys
        .into_iter()
        .map(|hotkey| Ok((hotkey, PoolKeys::new(&runtime, netuid, hotkey)?)))
        .collect::<Result<BTreeMap<_, _>, ChainError>>()?;
    reader.ensure(pools.values().flat_map(PoolKeys::all).collect()).await?;
    let mut totals = BTreeMap::new();
    for (hotkey, pool) in pools {
        if let (Some(total), Some(all)) = (reader.value::<u64>("TotalHotkeyAlpha", &pool.total)?, pool.shares.read(reader)?) {
            totals.insert(hotkey, (Rao(total), all));
        }
    }
    let floats = runtime.capabilities().float_shares;
    let mut positions = BTreeMap::new();
    for (key, trace, shares) in shares {
        let alpha = match (shares, totals.get(&key.hotkey)) {
            // The runtimes without `AlphaV2` compute on the fixed-point bits (FACTS 15).
            (Some(Shares::Fixed(shares)), Some((total, Shares::Fixed(all)))) if !floats => alpha_by_fixed(*total, shares, *all),
            (Some(shares), Some((total, all))) => alpha_by_floats(*total, shares, *all),
            _ => Rao::ZERO,
        };
        positions.insert(key, PositionState { alpha, trace });
    }
    Ok(positions)
}
