//! One storage item of a runtime, and how its keys are made.

use blake2::Blake2b;
use blake2::digest::{Digest, consts::U16};
use subxt::ext::frame_decode::storage::{StorageHasher, encode_storage_key_prefix};
use subxt::metadata::StorageEntryMetadata;

/// What a key is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyPart {
    /// An account: 32 bytes.
    Account,
    /// A netuid or a uid.
    Number,
    /// A text in SCALE.
    Text,
}

/// A storage item: where it is, how its keys are hashed, and what its values are.
pub(crate) struct Item {
    prefix: Vec<u8>,
    hashers: Vec<StorageHasher>,
    /// The type of its values; `None` if the metadata does not list the item.
    pub(crate) value_ty: Option<u32>,
}

impl Item {
    /// An item that the metadata lists.
    pub(crate) fn new(pallet: &str, entry: &StorageEntryMetadata) -> Self {
        Self {
            prefix: encode_storage_key_prefix(pallet, entry.name()).to_vec(),
            hashers: entry.keys().map(|key| key.hasher).collect(),
            value_ty: Some(entry.value_ty()),
        }
    }

    /// An item that the metadata does not list.
    pub(crate) fn unlisted(pallet: &str, name: &str, parts: &[KeyPart]) -> Self {
        let hasher = |part: &KeyPart| {
            if *part == KeyPart::Account { StorageHasher::Blake2_128Concat } else { StorageHasher::Identity }
        };
        Self {
            prefix: encode_storage_key_prefix(pallet, name).to_vec(),
            hashers: parts.iter().map(hasher).collect(),
            value_ty: None,
        }
    }

    /// The key of these parts; `None` if the item has another number of parts, or a hasher that is not used
    /// here.
    pub(crate) fn key(&self, parts: &[&[u8]]) -> Option<Vec<u8>> {
        if parts.len() != self.hashers.len() {
            return None;
        }
        let mut key =
            Vec::with_capacity(self.prefix.len() + parts.iter().map(|part| part.len() + 16).sum::<usize>());
        key.extend_from_slice(&self.prefix);
        for (hasher, part) in self.hashers.iter().zip(parts) {
            match hasher {
                StorageHasher::Identity => {}
                StorageHasher::Blake2_128Concat => key.extend_from_slice(&Blake2b::<U16>::digest(part)),
                StorageHasher::Twox64Concat => {
                    key.extend_from_slice(&twox_hash::XxHash64::oneshot(0, part).to_le_bytes())
                }
                _ => return None,
            }
            key.extend_from_slice(part);
        }
        Some(key)
    }
}
