//! Items of a runtime that bear on stake.

use std::fmt;

use subxt::Metadata;
use subxt::ext::frame_decode::storage::StorageHasher;
use subxt::metadata::StorageEntryMetadata;

use super::shape;

/// The pallets whose items bear on stake. Others that do are told by being new.
const PALLETS: [&str; 4] = ["SubtensorModule", "SubtensorTransactionFee", "LimitOrders", "Swap"];

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ItemKind {
    /// A whole pallet.
    Pallet,
    /// A storage item.
    Storage,
    /// An event.
    Event,
    /// A call.
    Call,
}

impl ItemKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Pallet, Self::Storage, Self::Event, Self::Call];

    /// Its name in output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pallet => "pallet",
            Self::Storage => "storage",
            Self::Event => "event",
            Self::Call => "call",
        }
    }

    /// The file of its list.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::Pallet => "pallets.txt",
            Self::Storage => "storage.txt",
            Self::Event => "events.txt",
            Self::Call => "calls.txt",
        }
    }

    /// What one that is not known could mean.
    #[must_use]
    pub const fn if_new(self) -> &'static str {
        match self {
            Self::Pallet => {
                "a pallet we do not know: if it moves stake without an event that we know, what it moves is booked as unattributed"
            }
            Self::Storage => {
                "a storage item we do not know: if a position's alpha depends on it, positions are misread until the comparison with the runtime's own answer shows it"
            }
            Self::Event => {
                "an event we do not know: if it moves stake, what it moves is booked as unattributed"
            }
            Self::Call => {
                "a call we do not know: if it moves stake without an event that we know, what it moves is booked as unattributed"
            }
        }
    }

    /// What one that is known by name, but of another shape, could mean.
    #[must_use]
    pub const fn if_reshaped(self) -> &'static str {
        match self {
            Self::Pallet => "a pallet known by name, but of another shape",
            Self::Storage => {
                "a storage item known by name, but of another shape: one whose keys changed is not read any more, one whose values changed may be misread until the comparison with the runtime's own answer shows it"
            }
            Self::Event => {
                "an event known by name, but of another shape: its fields are read by name, or by place where they have none; if one changed its meaning, what does not fit the balances is booked as unattributed"
            }
            Self::Call => {
                "a call known by name, but of another shape: calls are not read, so no figure depends on it"
            }
        }
    }
}

/// An item with its shape.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SurfaceItem {
    /// What it is.
    pub kind: ItemKind,
    /// Its pallet.
    pub pallet: String,
    /// Its name; of a pallet empty.
    pub name: String,
    /// An event's fields, or a storage item's keys and value; of others empty, since nothing is read of them.
    pub shape: String,
}

impl fmt::Display for SurfaceItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dot = if self.name.is_empty() { "" } else { "." };
        write!(f, "{}{dot}{}", self.pallet, self.name)
    }
}

/// Every pallet of a runtime, and every item of those that bear on stake, in order.
pub(crate) fn all(metadata: &Metadata) -> Vec<SurfaceItem> {
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
