//! The storage items that are read, and their keys.
//!
//! Thousands of keys are made for each state, so what the metadata says of an item is looked up only once.
//! Keys are made here, and compared with those of the library: an item whose keys differ is not used.

use std::collections::HashMap;

use subxt::Metadata;
use subxt::ext::frame_decode::storage::encode_storage_key;
use subxt::ext::scale_value::Value;
use vesting_core::ports::ChainError;

use crate::runtimes::item::Item;
use crate::runtimes::item::KeyPart::{self, Account, Number, Text};

/// Every map of `SubtensorModule` that is read, with what its keys are made of.
const MAPS: [(&str, &[KeyPart]); 26] = [
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
const ELSEWHERE: [(&str, &str, &[KeyPart]); 3] = [
    ("System", "Account", &[Account]),
    ("Proxy", "Proxies", &[Account]),
    ("Proxy", "Announcements", &[Account]),
];

/// Share rows that the runtime still reads by their raw keys, though its metadata no longer lists them. Their
/// values are the 16 bytes of a `U64F64`.
const LEGACY: [(&str, &[KeyPart]); 2] =
    [("Alpha", &[Account, Account, Number]), ("TotalHotkeyShares", &[Account, Number])];

/// The migration after which all share rows are decimal floats.
const CONVERSION: &str = "migrate_alpha_v2_and_unstake_dust_v1";

/// The items that are read, by name. No two of them have the same name, in whatever pallet.
pub(crate) struct Items {
    listed: HashMap<&'static str, Item>,
    /// Those that the metadata no longer lists.
    legacy: HashMap<&'static str, Item>,
}

impl Items {
    /// The items that this metadata has in the expected shape.
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
                    "this storage item has another shape than expected: it is not used"
                );
            }
        }
        // Only runtimes with decimal floats have rows that are not listed.
        let unlisted = LEGACY
            .into_iter()
            .filter(|(name, _)| listed.contains_key("AlphaV2") && !listed.contains_key(name));
        let legacy = unlisted.map(|(name, parts)| (name, Item::unlisted(pallet, name, parts))).collect();
        Self { listed, legacy }
    }

    /// The items that are read though the metadata no longer lists them, with the parts of their keys.
    pub(crate) fn unlisted(&self) -> impl Iterator<Item = (&Item, &'static [KeyPart])> {
        LEGACY.into_iter().filter_map(|(name, parts)| self.legacy.get(name).map(|item| (item, parts)))
    }

    /// The key that tells whether rows of unlisted items are left.
    pub(crate) fn conversion(&self) -> Option<Vec<u8>> {
        let asked = !self.legacy.is_empty() && self.has("HasMigrationRun");
        asked.then(|| self.key("HasMigrationRun", &[&text(CONVERSION)]).ok()).flatten()
    }

    /// Whether items of this name are read.
    pub(crate) fn are_read(name: &str) -> bool {
        MAPS.iter().any(|(known, _)| *known == name) || ELSEWHERE.iter().any(|(_, known, _)| *known == name)
    }

    /// Whether the metadata has an item in the expected shape.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.listed.contains_key(name)
    }

    /// Whether the runtime reads this item by its raw key, though its metadata no longer lists it.
    pub(crate) fn is_legacy(&self, name: &str) -> bool {
        self.legacy.contains_key(name)
    }

    /// The key of an item, of these parts.
    pub(crate) fn key(&self, name: &str, parts: &[&[u8]]) -> Result<Vec<u8>, ChainError> {
        let key = self.listed.get(name).or_else(|| self.legacy.get(name)).and_then(|item| item.key(parts));
        key.ok_or_else(|| {
            ChainError::Unsupported(format!("the runtime has no storage `{name}` in a known shape"))
        })
    }

    /// The type of an item's value.
    pub(crate) fn value_ty(&self, name: &str) -> Option<u32> {
        self.listed.get(name).and_then(|item| item.value_ty)
    }
}

/// A text in SCALE, as a part of a key.
fn text(text: &str) -> Vec<u8> {
    subxt::ext::codec::Encode::encode(text)
}
