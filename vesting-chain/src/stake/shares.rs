//! The share pools' storage: a position's shares and a hotkey's pool, in either form.

use subxt::ext::codec::Decode;
use subxt::ext::scale_decode::DecodeAsType;
use vesting_core::ports::{ChainError, Fingerprint};
use vesting_core::share_pool::{SafeFloat, Shares, alpha_by_fixed, alpha_by_floats, alpha_capped};
use vesting_core::{BlockNumber, Hotkey, NetUid, PositionKey, Rao};

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

/// Shares in either form, with the epoch of the pool that they belong to.
pub(crate) struct ShareKeys {
    items: [&'static str; 3],
    fixed: Option<Vec<u8>>,
    float: Option<Vec<u8>>,
    epoch: Option<Vec<u8>>,
}

/// Shares as they are stored, with the epoch of the pool that they were written in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    shares: Shares,
    epoch: u64,
}

impl ShareKeys {
    /// Those of a position.
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

    /// Those of a hotkey's pool.
    fn of_pool(runtime: &Runtime, number: BlockNumber, keys: &[&[u8]]) -> Result<Self, ChainError> {
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

    pub(crate) fn all(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        [&self.fixed, &self.float, &self.epoch].into_iter().flatten().cloned()
    }

    /// What is stored; `None` where nothing is. Where both forms are, the fixed-point one wins
    /// (docs/chain.md#alpha-of-a-position).
    pub(crate) fn read(&self, reader: &Reader<'_>) -> Result<Option<Row>, ChainError> {
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
        Ok(Some(Row { shares, epoch }))
    }

    /// The bits of the fixed-point form.
    fn fixed(&self, reader: &Reader<'_>, item: &str) -> Result<Option<u128>, ChainError> {
        let Some(key) = &self.fixed else { return Ok(None) };
        if reader.runtime.stores(item) {
            return Ok(reader.value(item, key)?.map(|FixedBits { bits }| bits));
        }
        // The metadata does not say any more what they are made of.
        let bits = reader.raw(key).map(|bytes| u128::decode(&mut &*bytes)).transpose();
        bits.map_err(|why| {
            ChainError::Malformed(format!("storage `SubtensorModule.{item}` cannot be decoded: {why}"))
        })
    }

    /// The stored bytes, to be compared.
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

/// The keys of one hotkey's pool.
pub(crate) struct PoolKeys {
    total: Option<Vec<u8>>,
    shares: ShareKeys,
}

/// A hotkey's pool: its alpha and all its shares.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pool {
    total: Rao,
    all: Row,
}

impl Pool {
    /// The alpha of a position. A row that was written before the pool was closed is worth nothing any more.
    pub(crate) fn alpha(&self, runtime: &Runtime, row: Row) -> Rao {
        if self.all.epoch != 0 && self.all.epoch != row.epoch {
            return Rao::ZERO;
        }
        match (row.shares, self.all.shares) {
            // The runtimes without `AlphaV2` compute on the fixed-point bits
            // (docs/chain.md#alpha-of-a-position).
            (Shares::Fixed(shares), Shares::Fixed(all)) if !runtime.capabilities().float_shares => {
                alpha_by_fixed(self.total, shares, all)
            }
            (shares, all) if runtime.is_capped() => alpha_capped(self.total, shares, all),
            (shares, all) => alpha_by_floats(self.total, shares, all),
        }
    }
}

impl PoolKeys {
    pub(crate) fn new(
        runtime: &Runtime,
        number: BlockNumber,
        netuid: NetUid,
        hotkey: Hotkey,
    ) -> Result<Self, ChainError> {
        let keys: [&[u8]; 2] = [&hotkey.0, &netuid.0.to_le_bytes()];
        let total = if runtime.stores("TotalHotkeyAlpha") {
            Some(runtime.key("TotalHotkeyAlpha", &keys)?)
        } else {
            None
        };
        Ok(Self { total, shares: ShareKeys::of_pool(runtime, number, &keys)? })
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        self.total.clone().into_iter().chain(self.shares.all())
    }

    /// The pool; `None` where there is none.
    pub(crate) fn read(&self, reader: &Reader<'_>) -> Result<Option<Pool>, ChainError> {
        let Some(total) = &self.total else { return Ok(None) };
        let total = reader.value::<u64>("TotalHotkeyAlpha", total)?;
        Ok(total.map(Rao).zip(self.shares.read(reader)?).map(|(total, all)| Pool { total, all }))
    }

    pub(crate) fn fingerprint(&self, reader: &Reader<'_>) -> Fingerprint {
        let mut print = self.shares.fingerprint(reader);
        print
            .0
            .extend_from_slice(self.total.as_ref().and_then(|total| reader.raw(total)).unwrap_or_default());
        print
    }
}
