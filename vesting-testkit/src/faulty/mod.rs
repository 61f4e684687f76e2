//! Ports and connections that fail on purpose, between a real one and whoever is tested.

pub mod flaky;
pub mod gate;
pub mod liar;
