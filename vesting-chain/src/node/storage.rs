//! Reading storage keys in the state of one block: many keys in few requests, and every answer checked.
//!
//! An answer must name the block that was asked about, hold every key, and contain the block's own number,
//! which is asked for with every request.

use std::collections::HashMap;
use std::sync::LazyLock;

use futures_util::future::try_join_all;
use serde::Deserialize;
use subxt::rpcs::rpc_params;
use subxt::utils::H256;
use vesting_core::ports::ChainError;
use vesting_core::{BlockHash, BlockNumber};

use crate::endpoints::rpc::Rpc;
use crate::node::hex::{HexBytes, hex};
use crate::node::values::Values;

/// The same keys are asked for again so many times if an answer does not fit the question.
const MISREADINGS: u32 = 4;

/// One block's answer to `state_queryStorageAt`.
#[derive(Deserialize)]
struct ChangeSet {
    block: H256,
    changes: Vec<(String, Option<HexBytes>)>,
}

/// A block whose state is read.
#[derive(Clone, Copy)]
struct Block {
    number: BlockNumber,
    hash: BlockHash,
}

impl Block {
    /// Reads storage keys. If the endpoint does not take so many at once, each half is asked for alone.
    async fn read(self, rpc: &Rpc, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, ChainError> {
        let mut values = Vec::with_capacity(keys.len());
        // The last part is asked for next.
        let mut parts = vec![keys];
        let mut wrong = 0;
        while let Some(part) = parts.pop() {
            let asked: Vec<&str> = part.iter().map(String::as_str).chain([number_key()]).collect();
            let params = rpc_params![&asked, H256(self.hash.0)];
            let answer = rpc
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
                    wrong = 0;
                }
                Err(why) if wrong >= MISREADINGS => return Err(ChainError::Malformed(why)),
                Err(why) => {
                    rpc.wrong_answer(&why);
                    wrong += 1;
                    parts.push(part);
                }
            }
        }
        Ok(values)
    }

    /// The values of an answer, in the order of the keys, without the block's number. The error says why the
    /// answer is not about this block and these keys.
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
        // Nodes answer in the order of the question. If one does not, its answer is read by key.
        let ordered = set.changes.len() == asked.len()
            && set.changes.iter().zip(asked).all(|((name, _), asked)| name == asked);
        let mut values: Vec<Option<Vec<u8>>> = if ordered {
            set.changes.into_iter().map(|(_, value)| value.map(|hex| hex.0)).collect()
        } else {
            let mut named: HashMap<String, Option<HexBytes>> =
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
        // Genesis has no number.
        if told.unwrap_or(Some(0)) != Some(number.0) {
            let told = told.flatten().map_or_else(|| "none".to_owned(), |told| told.to_string());
            return Err(format!("the state it gave for block {number} has the block number {told}"));
        }
        Ok(values)
    }
}

/// The key of `System.Number`, the block's own number: a plain value under the two hashed names.
fn number_key() -> &'static str {
    static KEY: LazyLock<String> = LazyLock::new(|| {
        hex(&subxt::ext::frame_decode::storage::encode_storage_key_prefix("System", "Number"))
    });
    &KEY
}

/// A number of fixed width in SCALE; `None` if it needs more than 64 bits.
fn little_endian(bytes: &[u8]) -> Option<u64> {
    let (low, rest) = bytes.split_at(bytes.len().min(8));
    rest.iter()
        .all(|byte| *byte == 0)
        .then(|| low.iter().rev().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
}

/// Reads storage keys in the state of a block.
pub(crate) async fn read(
    rpc: &Rpc,
    number: BlockNumber,
    hash: BlockHash,
    keys: Vec<Vec<u8>>,
) -> Result<Values, ChainError> {
    // One key of each request is that of the number.
    let most = rpc.keys().saturating_sub(1).max(1);
    let parts: Vec<Vec<String>> =
        keys.chunks(most).map(|part| part.iter().map(|key| hex(key)).collect()).collect();
    let block = Block { number, hash };
    let answers = try_join_all(parts.iter().map(|part| block.read(rpc, part))).await?;
    Ok(keys.into_iter().zip(answers.into_iter().flatten()).collect())
}
