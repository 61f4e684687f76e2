//! Answers about storage and hashes that are spoilt on purpose.

use jsonrpsee::types::ErrorObjectOwned;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

/// How an answer is spoilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoil {
    /// Every value lacks its last byte.
    Cut,
    /// One value is null.
    Lose,
    /// Every value is null.
    Empty,
    /// One bit of every value of more than two bytes is flipped.
    Flip,
    /// It is about the state three blocks before, and says so.
    Elsewhere,
    /// It is about the state three blocks before, but names the block that was asked for.
    Stale,
    /// Hashes belong to the blocks three later.
    Shifted,
    /// Hashes belong to no block.
    Invented,
}

impl Spoil {
    /// Every kind with its name.
    pub const ALL: [(&str, Self); 8] = [
        ("cut", Self::Cut),
        ("lose", Self::Lose),
        ("empty", Self::Empty),
        ("flip", Self::Flip),
        ("elsewhere", Self::Elsewhere),
        ("stale", Self::Stale),
        ("shifted", Self::Shifted),
        ("invented", Self::Invented),
    ];

    /// Its name on a command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    /// Whether the answer to this call is spoilt, where one in `every` is. The calls follow no pattern, so
    /// that two in a row may be spoilt.
    pub(crate) const fn comes(self, call: u64, every: u64) -> bool {
        mixed(call).is_multiple_of(every)
    }

    /// The method whose answers it spoils.
    pub(crate) const fn method(self) -> &'static str {
        if matches!(self, Self::Shifted | Self::Invented) {
            "chain_getBlockHash"
        } else {
            "state_queryStorageAt"
        }
    }

    /// How many blocks before the one that was asked for the state is read.
    pub(crate) const fn behind(self) -> u32 {
        match self {
            Self::Elsewhere | Self::Stale => 3,
            _ => 0,
        }
    }

    /// How many blocks after the one that was asked for the hash is read.
    pub(crate) const fn ahead(self) -> u32 {
        if matches!(self, Self::Shifted) { 3 } else { 0 }
    }

    /// The spoilt answer to a call. The number of the call decides which values and bits are changed.
    pub(crate) fn apply(self, answer: &RawValue, call: u64) -> Result<Box<RawValue>, ErrorObjectOwned> {
        let wrong = |why: serde_json::Error| ErrorObjectOwned::owned(-32603, why.to_string(), None::<()>);
        let mut sets: Value = serde_json::from_str(answer.get()).map_err(wrong)?;
        let changes = sets.get_mut(0).and_then(|set| set.get_mut("changes")).and_then(Value::as_array_mut);
        let values = changes
            .into_iter()
            .flatten()
            .filter_map(|change| change.get_mut(1))
            .filter(|value| value.is_string());
        let mut chance = mixed(call);
        match self {
            Self::Cut => {
                values.for_each(|value| change(value, |bytes| bytes.truncate(bytes.len().saturating_sub(1))))
            }
            Self::Empty => values.for_each(|value| *value = Value::Null),
            Self::Lose => {
                let mut values: Vec<&mut Value> = values.collect();
                let place = usize::try_from(chance).unwrap_or(0) % values.len().max(1);
                if let Some(value) = values.get_mut(place) {
                    **value = Value::Null;
                }
            }
            Self::Flip => values.for_each(|value| {
                chance = mixed(chance);
                change(value, |bytes| {
                    let place = usize::try_from(chance / 8).unwrap_or(0) % bytes.len().max(1);
                    if bytes.len() > 2
                        && let Some(byte) = bytes.get_mut(place)
                    {
                        *byte ^= 1 << (chance % 8);
                    }
                });
            }),
            Self::Elsewhere | Self::Stale | Self::Shifted | Self::Invented => {}
        }
        to_raw_value(&sets).map_err(wrong)
    }
}

/// Changes the bytes of a value.
fn change(value: &mut Value, change: impl FnOnce(&mut Vec<u8>)) {
    let digits = value.as_str().unwrap_or_default().trim_start_matches("0x").as_bytes();
    let mut bytes = vec![0; digits.len() / 2];
    if faster_hex::hex_decode(digits, &mut bytes).is_ok() {
        change(&mut bytes);
        *value = Value::String(crate::hexadecimal::hex0x(bytes));
    }
}

/// A pseudo-random number (SplitMix64).
const fn mixed(number: u64) -> u64 {
    let state = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}
