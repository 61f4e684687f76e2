//! The storage items that are read, and their keys.
//!
//! Thousands of keys are made for each state, so what the metadata says of an item is looked up once. The
//! library's own encoding decides: an item whose keys would come out otherwise is not used.

use std::collections::HashMap;

use blake2::Blake2b;
use blake2::digest::{Digest, consts::U16};
use subxt::Metadata;
use subxt::ext::frame_decode::storage::{StorageHasher, encode_storage_key, encode_storage_key_prefix};
use subxt::ext::scale_value::Value;
use subxt::metadata::StorageEntryMetadata;
use vesting_core::ports::ChainError;

/// What a key is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// 32 bytes.
    Account,
    /// A netuid or a uid.
    Number,
}

use Part::{Account, Number};

/// Every map that is read, with what its keys are made of.
const MAPS: [(&str, &[Part]); 22] = [
    ("NetworksAdded", &[Number]),
    ("NetworkRegisteredAt", &[Number]),
    ("Tempo", &[Number]),
    ("BlocksSinceLastStep", &[Number]),
    ("LastMechansimStepBlock", &[Number]),
    ("LastEpochBlock", &[Number]),
    ("SubnetEpochIndex", &[Number]),
    ("SubnetworkN", &[Number]),
    ("SubnetOwner", &[Number]),
    ("Keys", &[Number, Number]),
    ("Owner", &[Account]),
    ("StakingHotkeys", &[Account]),
    ("OwnedHotkeys", &[Account]),
    ("AutoStakeDestination", &[Account, Number]),
    ("LastColdkeyHotkeyStakeBlock", &[Account, Account]),
    ("Alpha", &[Account, Account, Number]),
    ("AlphaV2", &[Account, Account, Number]),
    ("TotalHotkeyAlpha", &[Account, Number]),
    ("TotalHotkeyShares", &[Account, Number]),
    ("TotalHotkeySharesV2", &[Account, Number]),
    ("SubnetOwnerHotkey", &[Number]),
    ("Uids", &[Number, Account]),
];

/// The items of the pallet, by name.
pub(crate) struct Items(HashMap<&'static str, Item>);

/// One item: where it is, how its keys are hashed, and what its values are.
pub(crate) struct Item {
    prefix: Vec<u8>,
    hashers: Vec<StorageHasher>,
    value_ty: u32,
}

impl Items {
    /// Those that the metadata has in the shape known here.
    pub(crate) fn new(pallet: &str, metadata: &Metadata) -> Self {
        let storage = metadata.pallet_by_name(pallet).and_then(|pallet| pallet.storage());
        let mut items = HashMap::with_capacity(MAPS.len());
        for (name, parts) in MAPS {
            let Some(entry) = storage.as_ref().and_then(|storage| storage.entry_by_name(name)) else { continue };
            let item = Item::new(pallet, entry);
            let samples: Vec<Vec<u8>> = (1u8..)
                .zip(parts)
                .map(|(n, part)| match part {
                    Account => vec![n; 32],
                    Number => vec![n, n],
                })
                .collect();
            let values: Vec<Value> = (1u8..)
                .zip(parts)
                .map(|(n, part)| match part {
                    Account => Value::from_bytes([n; 32]),
                    Number => Value::u128(u128::from(u16::from_le_bytes([n, n]))),
                })
                .collect();
            let own = item.key(&samples.iter().map(Vec::as_slice).collect::<Vec<_>>());
            let library = encode_storage_key(pallet, name, values, metadata, metadata.types());
            if library.ok() == own {
                items.insert(name, item);
            } else {
                tracing::warn!(item = name, "this storage has another shape than the one known: it is not used");
            }
        }
        Self(items)
    }

    /// Whether an item of this name is one that is read.
    pub(crate) fn are_read(name: &str) -> bool {
        MAPS.iter().any(|(known, _)| *known == name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The key of an item.
    pub(crate) fn key(&self, name: &str, parts: &[&[u8]]) -> Result<Vec<u8>, ChainError> {
        let key = self.0.get(name).and_then(|item| item.key(parts));
        key.ok_or_else(|| ChainError::Unsupported(format!("the runtime has no storage `{name}` in a shape that is known")))
    }

    /// The type of an item's value.
    pub(crate) fn value_ty(&self, name: &str) -> Option<u32> {
        self.0.get(name).map(|item| item.value_ty)
    }
}

impl Item {
    /// An item of a pallet as the metadata has it.
    pub(crate) fn new(pallet: &str, entry: &StorageEntryMetadata) -> Self {
        Self {
            prefix: encode_storage_key_prefix(pallet, entry.name()).to_vec(),
            hashers: entry.keys().map(|key| key.hasher).collect(),
            value_ty: entry.value_ty(),
        }
    }

    /// The key of these parts; `None` where the parts are not as many as the item wants, or hashed in a way not known here.
    pub(crate) fn key(&self, parts: &[&[u8]]) -> Option<Vec<u8>> {
        if parts.len() != self.hashers.len() {
            return None;
        }
        let mut key = Vec::with_capacity(self.prefix.len() + parts.iter().map(|part| part.len() + 16).sum::<usize>());
        key.extend_from_slice(&self.prefix);
        for (hasher, part) in self.hashers.iter().zip(parts) {
            match hasher {
                StorageHasher::Identity => {}
                StorageHasher::Blake2_128Concat => key.extend_from_slice(&Blake2b::<U16>::digest(part)),
                StorageHasher::Twox64Concat => key.extend_from_slice(&twox_hash::XxHash64::oneshot(0, part).to_le_bytes()),
                _ => return None,
            }
            key.extend_from_slice(part);
        }
        Some(key)
    }
}
