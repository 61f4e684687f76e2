//! Everything a store does.

use super::{ReadRecord, WholeRecord, WriteRecord};

/// Keeps the records of subnets. To make a store, implement these three traits. The contract suite in
/// `vesting-testkit` then checks whether it keeps their promises.
pub trait StakeStore: ReadRecord + WriteRecord + WholeRecord {}

impl<S: ReadRecord + WriteRecord + WholeRecord> StakeStore for S {}
