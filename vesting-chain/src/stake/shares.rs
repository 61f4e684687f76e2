//! Shares as they are stored, as fixed-point numbers or decimal floats.

use subxt::ext::codec::Decode;
use subxt::ext::scale_decode::DecodeAsType;
use vesting_core::ports::{ChainError, Fingerprint};
use vesting_core::share_pool::{SafeFloat, Shares};
use vesting_core::{BlockNumber, NetUid, PositionKey};

use crate::runtimes::runtime::Runtime;
use crate::state::reader::Reader;

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

/// The keys of shares in both forms, and of the epoch of the pool that they belong to.
pub(crate) struct ShareKeys {
    items: [&'static str; 3],
    fixed: Option<Vec<u8>>,
    float: Option<Vec<u8>>,
    epoch: Option<Vec<u8>>,
}

/// A share row: shares, and the epoch of their pool in which they were written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShareRow {
    pub(crate) shares: Shares,
    pub(crate) epoch: u64,
}

impl ShareKeys {
    /// The keys of a position's shares.
    pub(crate) fn of_position(
        runtime: &Runtime,
        number: BlockNumber,
        netuid: NetUid,
        key: &PositionKey,
    ) -> Result<Self, ChainError> {
        let netuid = netuid.0.to_le_bytes();
        Self::new(
            runtime,
            number,
            ["Alpha", "AlphaV2", "AlphaShareEpoch"],
            &[&key.hotkey.0, &key.coldkey.0, &netuid],
        )
    }

    /// The keys of all shares of a hotkey's pool.
    pub(crate) fn of_pool(
        runtime: &Runtime,
        number: BlockNumber,
        keys: &[&[u8]],
    ) -> Result<Self, ChainError> {
        Self::new(runtime, number, ["TotalHotkeyShares", "TotalHotkeySharesV2", "AlphaSharePoolEpoch"], keys)
    }

    fn new(
        runtime: &Runtime,
        number: BlockNumber,
        items: [&'static str; 3],
        keys: &[&[u8]],
    ) -> Result<Self, ChainError> {
        let [fixed, float, epoch] = items;
        let key = |item, there: bool| there.then(|| runtime.key(item, keys)).transpose();
        let capabilities = runtime.capabilities();
        Ok(Self {
            items,
            fixed: key(fixed, runtime.has_rows(fixed, number))?,
            float: key(float, capabilities.float_shares)?,
            epoch: key(epoch, capabilities.pool_epochs)?,
        })
    }

    /// Every key.
    pub(crate) fn all(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        [&self.fixed, &self.float, &self.epoch].into_iter().flatten().cloned()
    }

    /// The shares; `None` if none are stored. If both forms are stored, the fixed-point one counts
    /// (docs/chain.md#alpha-of-a-position).
    pub(crate) fn read(&self, reader: &Reader<'_>) -> Result<Option<ShareRow>, ChainError> {
        let [fixed, float, epoch] = self.items;
        let shares = match (self.fixed(reader, fixed)?, &self.float) {
            (Some(bits), _) => Some(Shares::Fixed(bits)),
            (None, Some(key)) => reader
                .value(float, key)?
                .map(|FloatParts { mantissa, exponent }| Shares::Float(SafeFloat { mantissa, exponent })),
            (None, None) => None,
        };
        let Some(shares) = shares else { return Ok(None) };
        let epoch = match &self.epoch {
            Some(key) => reader.value(epoch, key)?.unwrap_or(0),
            None => 0,
        };
        Ok(Some(ShareRow { shares, epoch }))
    }

    /// The bits of the fixed-point number.
    fn fixed(&self, reader: &Reader<'_>, item: &str) -> Result<Option<u128>, ChainError> {
        let Some(key) = &self.fixed else { return Ok(None) };
        if reader.runtime.stores(item) {
            return Ok(reader.value(item, key)?.map(|FixedBits { bits }| bits));
        }
        // The metadata no longer lists their type.
        let bits = reader.raw(key).map(|bytes| u128::decode(&mut &*bytes)).transpose();
        bits.map_err(|why| {
            ChainError::Malformed(format!("storage `SubtensorModule.{item}` cannot be decoded: {why}"))
        })
    }

    /// The stored bytes, to be compared with those of another block.
    pub(crate) fn fingerprint(&self, reader: &Reader<'_>) -> Fingerprint {
        let mut bytes = Vec::new();
        for (form, key) in (1u8..).zip([&self.fixed, &self.float, &self.epoch]) {
            if let Some(value) = key.as_ref().and_then(|key| reader.raw(key)) {
                bytes.push(form);
                bytes.extend_from_slice(value);
            }
        }
        Fingerprint(bytes)
    }
}
