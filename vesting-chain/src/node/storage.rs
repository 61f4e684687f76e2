//! Many storage keys in few requests, each answer checked: it must name the block that was asked, hold every
//! key, and say the block's own number, which is asked for along with every request.

use std::collections::HashMap;
use std::sync::LazyLock;

use foldhash::fast::FixedState;
use futures_util::future::try_join_all;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use subxt::rpcs::rpc_params;
use subxt::utils::H256;
use vesting_core::ports::ChainError;
use vesting_core::{BlockHash, BlockNumber};

use crate::endpoints::endpoint::Endpoints;

/// What was asked for, with what the state has. Thousands of keys belong to one state: the hasher is a
/// fast one, and the keys are hashes or addresses of accounts already.
#[derive(Debug, Default)]
pub(crate) struct Values(HashMap<Vec<u8>, Option<Vec<u8>>, FixedState>);

impl Values {
    /// Whether a key was asked for.
    pub(crate) fn knows(&self, key: &[u8]) -> bool {
        self.0.contains_key(key)
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.0.get(key).and_then(Option::as_deref)
    }

    pub(crate) fn absorb(&mut self, other: Self) {
        if self.0.is_empty() {
            self.0 = other.0;
        } else {
            self.0.extend(other.0);
        }
    }

    /// Takes a value out; from then on the state has none.
    pub(crate) fn take(&mut self, key: &[u8]) -> Option<Vec<u8>> {
        self.0.get_mut(key).and_then(Option::take)
    }
}

/// As often the same is asked again where an answer is not about what was asked.
const MISREADINGS: u32 = 4;

/// One block's answer to `state_queryStorageAt`.
#[derive(Deserialize)]
struct ChangeSet {
    block: H256,
    changes: Vec<(String, Option<Hex>)>,
}

/// Bytes in hexadecimal, with or without `0x`.
struct Hex(Vec<u8>);

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Hex;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes in hexadecimal")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Hex, E> {
                let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
                let mut bytes = vec![0; digits.len() / 2];
                faster_hex::hex_decode(digits, &mut bytes)
                    .map_err(|_| E::custom("bytes in hexadecimal are wanted"))?;
                Ok(Hex(bytes))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

fn text(key: &[u8]) -> String {
    let mut text = String::with_capacity(2 + key.len() * 2);
    text.push_str("0x");
    text.push_str(&faster_hex::hex_string(key));
    text
}

/// A block whose state is read.
#[derive(Clone, Copy)]
struct At {
    number: BlockNumber,
    hash: BlockHash,
}

impl At {
    /// Asks for storage keys; for half of them at a time while the endpoint does not take so many.
    async fn read(self, endpoints: &Endpoints, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, ChainError> {
        let mut values = Vec::with_capacity(keys.len());
        // The part to ask for next is the last one.
        let mut parts = vec![keys];
        let mut misread = 0;
        while let Some(part) = parts.pop() {
            let asked: Vec<&str> = part.iter().map(String::as_str).chain([number_key()]).collect();
            let params = rpc_params![&asked, H256(self.hash.0)];
            let answer = endpoints
                .call_for_keys::<Vec<ChangeSet>>(self.number, asked.len(), "state_queryStorageAt", params)
                .await?;
            let Some(sets) = answer else {
                let (first, rest) = part.split_at(part.len() / 2);
                parts.extend([rest, first].into_iter().filter(|part| !part.is_empty()));
                continue;
            };
            match self.values(sets, &asked) {
                Ok(read) => {
                    values.extend(read);
                    misread = 0;
                }
                Err(why) if misread >= MISREADINGS => return Err(ChainError::Malformed(why)),
                Err(why) => {
                    endpoints.misread(&why);
                    misread += 1;
                    parts.push(part);
                }
            }
        }
        Ok(values)
    }

    /// The values of an answer, in the order of the keys, without the number; what is wrong with it where it
    /// is not about this block and these keys.
    fn values(self, sets: Vec<ChangeSet>, asked: &[&str]) -> Result<Vec<Option<Vec<u8>>>, String> {
        let number = self.number;
        let [set] = <[ChangeSet; 1]>::try_from(sets).map_err(|sets| {
            format!("an answer about the state of block {number} is about {} states", sets.len())
        })?;
        if set.block.0 != self.hash.0 {
            return Err(format!(
                "asked about the state of block {number} ({}), it answered about {}",
                self.hash,
                BlockHash(set.block.0)
            ));
        }
        // Nodes answer in the order of the question; whoever does not is read by name.
        let ordered = set.changes.len() == asked.len()
            && set.changes.iter().zip(asked).all(|((name, _), asked)| name == asked);
        let mut values: Vec<Option<Vec<u8>>> = if ordered {
            set.changes.into_iter().map(|(_, value)| value.map(|hex| hex.0)).collect()
        } else {
            let mut named: HashMap<String, Option<Hex>> =
                set.changes.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
            let value = |asked: &&str| {
                let value = named.remove(*asked).ok_or_else(|| {
                    format!("an answer about the state of block {number} left out the storage key {asked}")
                })?;
                Ok(value.map(|hex| hex.0))
            };
            asked.iter().map(value).collect::<Result<_, String>>()?
        };
        let told = values.pop().flatten().map(|bytes| little_endian(&bytes));
        // Genesis has none.
        if told.unwrap_or(Some(0)) != Some(number.0) {
            let told = told.flatten().map_or_else(|| "none".to_owned(), |told| told.to_string());
            return Err(format!("the state it gave for block {number} has the block number {told}"));
        }
        Ok(values)
    }
}

/// `System.Number`, a plain value under the two hashed names: the block's own number.
fn number_key() -> &'static str {
    static KEY: LazyLock<String> = LazyLock::new(|| {
        text(&subxt::ext::frame_decode::storage::encode_storage_key_prefix("System", "Number"))
    });
    &KEY
}

/// A number as SCALE writes one of a fixed width; `None` where it is wider than 64 bits.
fn little_endian(bytes: &[u8]) -> Option<u64> {
    let (low, rest) = bytes.split_at(bytes.len().min(8));
    rest.iter()
        .all(|byte| *byte == 0)
        .then(|| low.iter().rev().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
}

/// Reads storage keys in the state of a block.
pub(crate) async fn read(
    endpoints: &Endpoints,
    number: BlockNumber,
    hash: BlockHash,
    keys: Vec<Vec<u8>>,
) -> Result<Values, ChainError> {
    // One place in each request is the number's.
    let most = endpoints.keys().saturating_sub(1).max(1);
    let parts: Vec<Vec<String>> =
        keys.chunks(most).map(|part| part.iter().map(|key| text(key)).collect()).collect();
    let at = At { number, hash };
    let answers = try_join_all(parts.iter().map(|part| at.read(endpoints, part))).await?;
    Ok(Values(keys.into_iter().zip(answers.into_iter().flatten()).collect()))
}
