//! The items of a runtime that are unknown.

use subxt::Metadata;

use crate::surface::item::{SurfaceItem, items_of};
use crate::surface::known::{self, Knowledge};

/// An item that is unknown, or known in another shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The item.
    pub item: SurfaceItem,
    /// Whether its name is known, and only its shape is new.
    pub reshaped: bool,
}

impl Unknown {
    /// What it could mean.
    #[must_use]
    pub const fn meaning(&self) -> &'static str {
        if self.reshaped { self.item.kind.if_reshaped() } else { self.item.kind.if_new() }
    }
}

/// The unknown items of a runtime, by kind; those with a new name before those with a new shape.
pub(crate) fn unknown_in(metadata: &Metadata) -> Vec<Unknown> {
    let unknown = items_of(metadata).into_iter().filter_map(|item| {
        let reshaped = match known::of(item.kind, &item.to_string(), &item.shape) {
            Knowledge::Whole => return None,
            Knowledge::Name => true,
            Knowledge::Nothing => false,
        };
        Some(Unknown { item, reshaped })
    });
    let mut unknown: Vec<Unknown> = unknown.collect();
    // Items of one meaning come together.
    unknown.sort_by_key(|unknown| (unknown.item.kind, unknown.reshaped));
    unknown
}
