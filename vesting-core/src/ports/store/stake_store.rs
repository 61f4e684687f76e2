//! All that a store does.

use super::{ReadRecord, WholeRecord, WriteRecord};

/// Keeps the records of subnets. To make a store, implement the three traits that it is the sum of; the
/// contract suite in `vesting-testkit` then says whether it keeps their promises.
pub trait StakeStore: ReadRecord + WriteRecord + WholeRecord {}

impl<S: ReadRecord + WriteRecord + WholeRecord> StakeStore for S {}
