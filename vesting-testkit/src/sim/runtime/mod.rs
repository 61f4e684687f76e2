//! The simulated runtime: its generations, its events and its metadata.

pub(in crate::sim) mod event;
mod event_bytes;
pub(in crate::sim) mod generation;
mod meaning;
mod metadata;
mod metadata_by_generation;
pub(in crate::sim) mod rules;
pub(in crate::sim) mod stored_types;
pub(in crate::sim) mod version;
