//! What the chain emits, and the fee that it takes.

/// What is emitted on a subnet in each block: one alpha in rao, as on the real chain.
pub(in crate::sim) const EMISSION: u64 = 1_000_000_000;

/// The owner's cut of it, 18 %, as numerator and denominator. Incentive and dividends get 41 % each.
pub(in crate::sim) const OWNER_CUT: (u64, u64) = (18, 100);

pub(in crate::sim) const INCENTIVE: (u64, u64) = (41, 100);

/// A removal pays 1 part in this many as its fee, about 0.05 % (docs/chain.md#removals-and-their-fee).
pub(in crate::sim) const FEE: u64 = 2_000;
