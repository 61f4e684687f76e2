//! What the chain emits and takes.

/// What is emitted on a subnet in each block, in rao of alpha: one alpha, as on the real chain.
pub(in crate::sim) const EMISSION: u64 = 1_000_000_000;

/// The parts of it: owner's cut 18 %, incentive and dividends 41 % each.
pub(in crate::sim) const OWNER_CUT: (u64, u64) = (18, 100);

pub(in crate::sim) const INCENTIVE: (u64, u64) = (41, 100);

/// A removal pays about 0.05 % on top (docs/chain.md#removals-and-their-fee).
pub(in crate::sim) const FEE: u64 = 2_000;
