//! What in a runtime may bear on stake, and which of it is unknown: all pallets, and the storage items,
//! events and calls of those pallets that move stake.
//!
//! Everything is read by name, so a new runtime may bring something that nobody reads. When such a runtime is
//! first met this is said, since it may move alpha in a way that no entry explains.
//!
//! Takes from nothing here.

pub(crate) mod item;
pub(crate) mod kind;
pub(crate) mod known;
pub(crate) mod shape;
pub(crate) mod unknown;

pub use item::SurfaceItem;
pub use kind::ItemKind;
pub use unknown::Unknown;
