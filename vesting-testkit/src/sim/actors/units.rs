//! Units that the actors count in.

pub(super) const ALPHA: u64 = 1_000_000_000;

pub(super) const DAY: u64 = 7_200;
