//! Shared by all queries: the column of a subnet, and the conversion of loaded rows.

use vesting_core::NetUid;
use vesting_core::ports::StoreError;

use crate::error::Fault;

pub fn netuid_column(netuid: NetUid) -> i32 {
    netuid.0.into()
}

pub fn read_all<R, T>(rows: Vec<R>, read: impl FnMut(R) -> Result<T, StoreError>) -> Result<Vec<T>, Fault> {
    Ok(rows.into_iter().map(read).collect::<Result<_, _>>()?)
}
