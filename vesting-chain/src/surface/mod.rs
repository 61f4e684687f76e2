//! What of a runtime bears on stake, and which of it is not known: the pallets, and the storage items, events
//! and calls of those that move stake.
//!
//! Everything is read by name, so a runtime may bring what nobody reads. That is told where it is first met:
//! it may move alpha in a way that no entry explains.

mod item;
mod known;
mod shape;

use subxt::Metadata;

pub use item::{ItemKind, SurfaceItem};
use known::Knowledge;

/// An item that is not known as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The item.
    pub item: SurfaceItem,
    /// Whether its name is known, and only its shape is not.
    pub reshaped: bool,
}

impl Unknown {
    /// What it could mean.
    #[must_use]
    pub const fn meaning(&self) -> &'static str {
        if self.reshaped { self.item.kind.if_reshaped() } else { self.item.kind.if_new() }
    }
}

/// Every item of a runtime that bears on stake.
pub(crate) fn items(metadata: &Metadata) -> Vec<SurfaceItem> {
    item::all(metadata)
}

/// Those that are not known as they are, by kind; new ones before those of another shape.
pub(crate) fn unknown(metadata: &Metadata) -> Vec<Unknown> {
    let judged = items(metadata).into_iter().filter_map(|item| {
        let reshaped = match known::of(item.kind, &item.to_string(), &item.shape) {
            Knowledge::Whole => return None,
            Knowledge::Name => true,
            Knowledge::Nothing => false,
        };
        Some(Unknown { item, reshaped })
    });
    let mut unknown: Vec<Unknown> = judged.collect();
    // What means the same stands together.
    unknown.sort_by_key(|unknown| (unknown.item.kind, unknown.reshaped));
    unknown
}
