//! Many storage keys in few requests.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use futures_util::future::try_join_all;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use subxt::rpcs::rpc_params;
use subxt::utils::H256;
use vesting_core::ports::ChainError;
use vesting_core::{BlockHash, BlockNumber};

use crate::endpoint::Endpoints;

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

/// One block's answer to `state_queryStorageAt`.
#[derive(Deserialize)]
struct ChangeSet {
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
                faster_hex::hex_decode(digits, &mut bytes).map_err(|_| E::custom("bytes in hexadecimal are wanted"))?;
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

/// Asks for storage keys; for half of them at a time while the endpoint does not take so many.
async fn changes(
    endpoints: &Endpoints,
    number: BlockNumber,
    hash: BlockHash,
    keys: &[String],
) -> Result<Vec<(String, Option<Hex>)>, ChainError> {
    let mut changes = Vec::with_capacity(keys.len());
    // The part to ask for next is the last one.
    let mut parts = vec![keys];
    while let Some(part) = parts.pop() {
        let params = rpc_params![part, H256(hash.0)];
        let answer = endpoints.call_for_keys::<Vec<ChangeSet>>(number, part.len(), "state_queryStorageAt", params).await?;
        match answer {
            Some(sets) => changes.extend(sets.into_iter().flat_map(|set| set.changes)),
            None => {
                let (first, rest) = part.split_at(part.len() / 2);
                parts.extend([rest, first]);
            }
        }
    }
    Ok(changes)
}

/// Reads storage keys in the state of a block.
pub(crate) async fn read(endpoints: &Endpoints, number: BlockNumber, hash: BlockHash, keys: Vec<Vec<u8>>) -> Result<Values, ChainError> {
    let parts: Vec<Vec<String>> = keys.chunks(endpoints.keys()).map(|part| part.iter().map(|key| text(key)).collect()).collect();
    let answers = try_join_all(parts.iter().map(|part| changes(endpoints, number, hash, part))).await?;
    let mut values: HashMap<Vec<u8>, Option<Vec<u8>>, FixedState> = HashMap::with_capacity_and_hasher(keys.len(), FixedState::default());
    let mut keys = keys.into_iter();
    for (part, changes) in parts.into_iter().zip(answers) {
        // Nodes answer in the order of the question; whoever does not is read by name.
        let ordered = changes.len() == part.len() && changes.iter().zip(&part).all(|((name, _), asked)| name == asked);
        if ordered {
            let read = changes.into_iter().map(|(_, value)| value.map(|hex| hex.0));
            values.extend(keys.by_ref().take(part.len()).zip(read));
            continue;
        }
        let mut named: HashMap<String, Option<Hex>> = changes.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
        for (asked, key) in part.iter().zip(keys.by_ref()) {
            let value =
                named.remove(asked).ok_or_else(|| ChainError::Malformed(format!("the endpoint left out the storage key {asked}")))?;
            values.insert(key, value.map(|hex| hex.0));
        }
    }
    Ok(Values(values))
}
