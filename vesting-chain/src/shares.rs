//! The share pools' storage: a position's shares and a hotkey's pool, in either form.

use subxt::ext::scale_decode::DecodeAsType;
use vesting_core::ports::{ChainError, Fingerprint};
use vesting_core::share_pool::{SafeFloat, Shares};
use vesting_core::{Hotkey, NetUid, PositionKey, Rao};

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
        let netuid = netuid.0.to_le_bytes();
        let keys: [&[u8]; 3] = [&key.hotkey.0, &key.coldkey.0, &netuid];
        let capabilities = runtime.capabilities();
        Ok(Self {
            items: ("Alpha", "AlphaV2"),
            fixed: if capabilities.fixed_shares { Some(runtime.key("Alpha", &keys)?) } else { None },
            float: if capabilities.float_shares { Some(runtime.key("AlphaV2", &keys)?) } else { None },
        })
    }

    /// Those of a hotkey's pool.
    pub(crate) fn of_pool(runtime: &Runtime, netuid: NetUid, hotkey: Hotkey) -> Result<Self, ChainError> {
        let netuid = netuid.0.to_le_bytes();
        let keys: [&[u8]; 2] = [&hotkey.0, &netuid];
        let capabilities = runtime.capabilities();
        Ok(Self {
            items: ("TotalHotkeyShares", "TotalHotkeySharesV2"),
            fixed: if capabilities.fixed_shares { Some(runtime.key("TotalHotkeyShares", &keys)?) } else { None },
            float: if capabilities.float_shares { Some(runtime.key("TotalHotkeySharesV2", &keys)?) } else { None },
        })
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        [&self.fixed, &self.float].into_iter().flatten().cloned()
    }

    /// The shares. Where both forms are stored, the fixed-point one wins (FACTS 12).
    pub(crate) fn read(&self, reader: &Reader<'_>) -> Result<Option<Shares>, ChainError> {
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
    total: Option<Vec<u8>>,
    shares: ShareKeys,
}

impl PoolKeys {
    pub(crate) fn new(runtime: &Runtime, netuid: NetUid, hotkey: Hotkey) -> Result<Self, ChainError> {
        let keys: [&[u8]; 2] = [&hotkey.0, &netuid.0.to_le_bytes()];
        let total = if runtime.stores("TotalHotkeyAlpha") { Some(runtime.key("TotalHotkeyAlpha", &keys)?) } else { None };
        Ok(Self { total, shares: ShareKeys::of_pool(runtime, netuid, hotkey)? })
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        self.total.clone().into_iter().chain(self.shares.all())
    }

    /// Its alpha and all its shares; `None` where there are none.
    pub(crate) fn read(&self, reader: &Reader<'_>) -> Result<Option<(Rao, Shares)>, ChainError> {
        let Some(total) = &self.total else { return Ok(None) };
        let total = reader.value::<u64>("TotalHotkeyAlpha", total)?;
        Ok(total.map(Rao).zip(self.shares.read(reader)?))
    }

    pub(crate) fn fingerprint(&self, reader: &Reader<'_>) -> Fingerprint {
        let mut print = self.shares.fingerprint(reader);
        print.0.extend_from_slice(self.total.as_ref().and_then(|total| reader.raw(total)).unwrap_or_default());
        print
    }
}
