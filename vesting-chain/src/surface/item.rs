//! The items of a runtime that may bear on stake.

use std::fmt;

use subxt::Metadata;
use subxt::ext::frame_decode::storage::StorageHasher;
use subxt::metadata::StorageEntryMetadata;

use crate::surface::kind::ItemKind;
use crate::surface::shape;

/// The pallets whose items may bear on stake. A further one is noticed as a new pallet.
const PALLETS: [&str; 4] = ["SubtensorModule", "SubtensorTransactionFee", "LimitOrders", "Swap"];

/// An item with its shape.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SurfaceItem {
    /// Its kind.
    pub kind: ItemKind,
    /// Its pallet.
    pub pallet: String,
    /// Its name; empty for a pallet.
    pub name: String,
    /// An event's fields, or a storage item's keys and value. Empty for others, of which nothing is read.
    pub shape: String,
}

impl fmt::Display for SurfaceItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dot = if self.name.is_empty() { "" } else { "." };
        write!(f, "{}{dot}{}", self.pallet, self.name)
    }
}

/// Every pallet of a runtime, and every item of those that may bear on stake, in order.
pub(crate) fn items_of(metadata: &Metadata) -> Vec<SurfaceItem> {
    let types = metadata.types();
    let mut found = Vec::new();
    for pallet in metadata.pallets() {
        let item = |kind, name: &str, shape| SurfaceItem {
            kind,
            pallet: pallet.name().to_owned(),
            name: name.to_owned(),
            shape,
        };
        found.push(item(ItemKind::Pallet, "", String::new()));
        if !PALLETS.contains(&pallet.name()) {
            continue;
        }
        let entries = pallet.storage().map(|storage| storage.entries()).unwrap_or_default();
        found.extend(
            entries.iter().map(|entry| item(ItemKind::Storage, entry.name(), of_entry(metadata, entry))),
        );
        let events = pallet.event_variants().unwrap_or_default();
        found.extend(
            events
                .iter()
                .map(|event| item(ItemKind::Event, &event.name, shape::of_fields(types, &event.fields))),
        );
        let calls = pallet.call_variants().unwrap_or_default();
        found.extend(calls.iter().map(|call| item(ItemKind::Call, &call.name, String::new())));
    }
    found.sort();
    found
}

/// The keys of a storage item with their hashers, and its value.
fn of_entry(metadata: &Metadata, entry: &StorageEntryMetadata) -> String {
    let types = metadata.types();
    let keys: Vec<String> = entry
        .keys()
        .map(|key| format!("{} {}", of_hasher(key.hasher), shape::of_type(types, key.key_id)))
        .collect();
    let value = shape::of_type(types, entry.value_ty());
    if keys.is_empty() { value } else { format!("{} -> {value}", keys.join(", ")) }
}

const fn of_hasher(hasher: StorageHasher) -> &'static str {
    match hasher {
        StorageHasher::Blake2_128 => "blake2_128",
        StorageHasher::Blake2_256 => "blake2_256",
        StorageHasher::Blake2_128Concat => "blake2_128_concat",
        StorageHasher::Twox128 => "twox_128",
        StorageHasher::Twox256 => "twox_256",
        StorageHasher::Twox64Concat => "twox_64_concat",
        StorageHasher::Identity => "identity",
    }
}
