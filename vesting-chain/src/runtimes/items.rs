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
    /// A text, as SCALE has it.
    Text,
}

use Part::{Account, Number, Text};

/// Every map of `SubtensorModule` that is read, with what its keys are made of.
const MAPS: [(&str, &[Part]); 26] = [
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
    ("AlphaSharePoolEpoch", &[Account, Number]),
    ("AlphaShareEpoch", &[Account, Account, Number]),
    ("HasMigrationRun", &[Text]),
    ("RegisteredSubnetCounter", &[Number]),
];

/// The maps of other pallets that are read.
const ELSEWHERE: [(&str, &str, &[Part]); 3] = [
    ("System", "Account", &[Account]),
    ("Proxy", "Proxies", &[Account]),
    ("Proxy", "Announcements", &[Account]),
];

/// Share rows that the runtime goes on reading by their raw keys after its metadata lists them no more. Their
/// values are the 16 bytes of a `U64F64`.
const LEGACY: [(&str, &[Part]); 2] =
    [("Alpha", &[Account, Account, Number]), ("TotalHotkeyShares", &[Account, Number])];

/// The migration after which no share rows are left but those of decimal floats.
const CONVERSION: &str = "migrate_alpha_v2_and_unstake_dust_v1";

/// The items, by name: no two pallets have one of the same name that is read.
pub(crate) struct Items {
    listed: HashMap<&'static str, Item>,
    /// Those that the metadata lists no more.
    legacy: HashMap<&'static str, Item>,
}

/// One item: where it is, how its keys are hashed, and what its values are.
pub(crate) struct Item {
    prefix: Vec<u8>,
    hashers: Vec<StorageHasher>,
    /// `None` where the metadata does not say.
    value_ty: Option<u32>,
}

impl Items {
    /// Those that the metadata has in the shape known here.
    pub(crate) fn new(pallet: &'static str, metadata: &Metadata) -> Self {
        let mut listed = HashMap::with_capacity(MAPS.len() + ELSEWHERE.len());
        for (pallet, name, parts) in
            MAPS.into_iter().map(|(name, parts)| (pallet, name, parts)).chain(ELSEWHERE)
        {
            let storage = metadata.pallet_by_name(pallet).and_then(|pallet| pallet.storage());
            let Some(entry) = storage.and_then(|storage| storage.entry_by_name(name)) else { continue };
            let item = Item::new(pallet, entry);
            let samples: Vec<Vec<u8>> = (1u8..)
                .zip(parts)
                .map(|(n, part)| match part {
                    Account => vec![n; 32],
                    Number => vec![n, n],
                    Text => text(&n.to_string()),
                })
                .collect();
            let values: Vec<Value> = (1u8..)
                .zip(parts)
                .map(|(n, part)| match part {
                    Account => Value::from_bytes([n; 32]),
                    Number => Value::u128(u128::from(u16::from_le_bytes([n, n]))),
                    Text => Value::from_bytes(n.to_string()),
                })
                .collect();
            let own = item.key(&samples.iter().map(Vec::as_slice).collect::<Vec<_>>());
            let library = encode_storage_key(pallet, name, values, metadata, metadata.types());
            if library.ok() == own {
                listed.insert(name, item);
            } else {
                tracing::warn!(
                    item = name,
                    "this storage has another shape than the one known: it is not used"
                );
            }
        }
        // A runtime without decimal floats has no rows but those listed.
        let unlisted = LEGACY
            .into_iter()
            .filter(|(name, _)| listed.contains_key("AlphaV2") && !listed.contains_key(name));
        let legacy = unlisted.map(|(name, parts)| (name, Item::unlisted(pallet, name, parts))).collect();
        Self { listed, legacy }
    }

    /// The items that are read though the metadata lists them no more, with what their keys are made of.
    pub(crate) fn unlisted(&self) -> impl Iterator<Item = (&Item, &'static [Part])> {
        LEGACY.into_iter().filter_map(|(name, parts)| self.legacy.get(name).map(|item| (item, parts)))
    }

    /// The key that tells whether rows of those are left.
    pub(crate) fn conversion(&self) -> Option<Vec<u8>> {
        let asked = !self.legacy.is_empty() && self.has("HasMigrationRun");
        asked.then(|| self.key("HasMigrationRun", &[&text(CONVERSION)]).ok()).flatten()
    }

    /// Whether an item of this name is one that is read.
    pub(crate) fn are_read(name: &str) -> bool {
        MAPS.iter().any(|(known, _)| *known == name) || ELSEWHERE.iter().any(|(_, known, _)| *known == name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.listed.contains_key(name)
    }

    /// Whether the runtime reads this item by its raw key, though its metadata lists it no more.
    pub(crate) fn is_legacy(&self, name: &str) -> bool {
        self.legacy.contains_key(name)
    }

    /// The key of an item.
    pub(crate) fn key(&self, name: &str, parts: &[&[u8]]) -> Result<Vec<u8>, ChainError> {
        let key = self.listed.get(name).or_else(|| self.legacy.get(name)).and_then(|item| item.key(parts));
        key.ok_or_else(|| {
            ChainError::Unsupported(format!("the runtime has no storage `{name}` in a shape that is known"))
        })
    }

    /// The type of an item's value.
    pub(crate) fn value_ty(&self, name: &str) -> Option<u32> {
        self.listed.get(name).and_then(|item| item.value_ty)
    }
}

/// A text as SCALE has it, for keys that are made of one.
fn text(text: &str) -> Vec<u8> {
    subxt::ext::codec::Encode::encode(text)
}

impl Item {
    /// An item of a pallet as the metadata has it.
    pub(crate) fn new(pallet: &str, entry: &StorageEntryMetadata) -> Self {
        Self {
            prefix: encode_storage_key_prefix(pallet, entry.name()).to_vec(),
            hashers: entry.keys().map(|key| key.hasher).collect(),
            value_ty: Some(entry.value_ty()),
        }
    }

    /// An item that the metadata does not list.
    fn unlisted(pallet: &str, name: &str, parts: &[Part]) -> Self {
        let hasher = |part: &Part| {
            if *part == Account { StorageHasher::Blake2_128Concat } else { StorageHasher::Identity }
        };
        Self {
            prefix: encode_storage_key_prefix(pallet, name).to_vec(),
            hashers: parts.iter().map(hasher).collect(),
            value_ty: None,
        }
    }

    /// The key of these parts; `None` where the parts are not as many as the item wants, or hashed in a way
    /// not known here.
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
