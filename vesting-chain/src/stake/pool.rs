//! The share pool of a hotkey on a subnet, and what a position in it is worth.

use vesting_core::ports::{ChainError, Fingerprint};
use vesting_core::share_pool::{Shares, alpha_by_fixed, alpha_by_floats, alpha_capped};
use vesting_core::{BlockNumber, Hotkey, NetUid, Rao};

use crate::runtimes::runtime::Runtime;
use crate::stake::shares::{ShareKeys, ShareRow};
use crate::state::reader::Reader;

/// The keys of a hotkey's pool.
pub(crate) struct PoolKeys {
    total: Option<Vec<u8>>,
    shares: ShareKeys,
}

/// A hotkey's pool: its alpha and all its shares.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pool {
    total: Rao,
    all: ShareRow,
}

impl Pool {
    /// The alpha of a position. A row that was written before the pool was closed is worth nothing.
    pub(crate) fn alpha(&self, runtime: &Runtime, row: ShareRow) -> Rao {
        if self.all.epoch != 0 && self.all.epoch != row.epoch {
            return Rao::ZERO;
        }
        match (row.shares, self.all.shares) {
            // Runtimes without `AlphaV2` calculate with the fixed-point bits
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

    /// Every key.
    pub(crate) fn all(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        self.total.clone().into_iter().chain(self.shares.all())
    }

    /// The pool; `None` if there is none.
    pub(crate) fn read(&self, reader: &Reader<'_>) -> Result<Option<Pool>, ChainError> {
        let Some(total) = &self.total else { return Ok(None) };
        let total = reader.value::<u64>("TotalHotkeyAlpha", total)?;
        Ok(total.map(Rao).zip(self.shares.read(reader)?).map(|(total, all)| Pool { total, all }))
    }

    /// The stored bytes, to be compared with those of another block.
    pub(crate) fn fingerprint(&self, reader: &Reader<'_>) -> Fingerprint {
        let mut print = self.shares.fingerprint(reader);
        print
            .0
            .extend_from_slice(self.total.as_ref().and_then(|total| reader.raw(total)).unwrap_or_default());
        print
    }
}
