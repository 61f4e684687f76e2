//! Between the chain's numbers and names and those of a database, checked in both directions.

use std::fmt::{self, Display};

use vesting_core::ports::StoreError;
use vesting_core::{BlockNumber, EntryId, Hotkey, Kind, NetUid, Phase};

/// Where a value is stored, for errors that name the row.
#[derive(Debug, Clone, Copy)]
pub struct Location {
    /// The table.
    pub table: &'static str,
    /// The subnet.
    pub netuid: i32,
    /// The block in the row's key.
    pub block: i64,
}

impl Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of subnet {} at block {}", self.table, self.netuid, self.block)
    }
}

impl Location {
    /// A value that cannot be what was written.
    pub fn corrupt(self, what: impl Display) -> StoreError {
        StoreError::Corrupt(format!("{self}: {what}"))
    }

    /// A number that must fit the core's type.
    pub fn number<T: TryFrom<i64>>(self, value: i64) -> Result<T, StoreError> {
        T::try_from(value).map_err(|_| self.corrupt(format_args!("{value} is out of range")))
    }

    /// A block's number.
    pub fn block(self, value: i64) -> Result<BlockNumber, StoreError> {
        self.number(value).map(BlockNumber)
    }

    /// A key or hash.
    pub fn bytes(self, value: &[u8]) -> Result<[u8; 32], StoreError> {
        value.try_into().map_err(|_| self.corrupt(format_args!("a key or hash of {} bytes", value.len())))
    }

    /// A kind by its name.
    pub fn kind(self, name: &str) -> Result<Kind, StoreError> {
        Kind::from_name(name).ok_or_else(|| self.corrupt(format_args!("the kind `{name}` is unknown")))
    }

    /// What identifies an entry.
    pub fn entry_id(
        self,
        block: i64,
        event_index: i64,
        kind: &str,
        hotkey: &[u8],
    ) -> Result<EntryId, StoreError> {
        Ok(EntryId {
            block: self.block(block)?,
            event_index: (event_index != NO_EVENT).then(|| self.number(event_index)).transpose()?,
            kind: self.kind(kind)?,
            hotkey: Hotkey(self.bytes(hotkey)?),
        })
    }

    /// A phase; none where there is no event.
    pub fn phase(self, value: i64) -> Result<Option<Phase>, StoreError> {
        Ok(match value {
            NO_EVENT => None,
            INITIALIZATION => Some(Phase::Initialization),
            FINALIZATION => Some(Phase::Finalization),
            index => Some(Phase::Extrinsic(self.number(index)?)),
        })
    }
}

/// Stands for no event: NULL would be equal to nothing and so never be caught as written twice.
const NO_EVENT: i64 = -1;
const INITIALIZATION: i64 = -2;
const FINALIZATION: i64 = -3;

/// The column of an event's index.
pub fn event_column(index: Option<u32>) -> i64 {
    index.map_or(NO_EVENT, i64::from)
}

/// The column of a phase.
pub fn phase_column(phase: Option<Phase>) -> i64 {
    match phase {
        None => NO_EVENT,
        Some(Phase::Initialization) => INITIALIZATION,
        Some(Phase::Finalization) => FINALIZATION,
        Some(Phase::Extrinsic(index)) => i64::from(index),
    }
}

/// The column of a number; databases hold 64 bits with a sign.
pub fn int<T: TryInto<i64> + Display + Copy>(what: &str, value: T) -> Result<i64, StoreError> {
    value.try_into().map_err(|_| {
        StoreError::Unusable(format!("nothing was written: {what}: {value} is more than a database holds"))
    })
}

/// The end of a range to search: beyond what a database holds there is nothing.
pub fn block_bound(block: BlockNumber) -> i64 {
    i64::try_from(block.0).unwrap_or(i64::MAX)
}

/// A row's own subnet must be that of the commit, under which it is stored.
pub fn same_subnet(commit: NetUid, row: NetUid) -> Result<i32, StoreError> {
    if commit != row {
        return Err(StoreError::Unusable(format!(
            "nothing was written: a row of subnet {row} among those of subnet {commit}"
        )));
    }
    Ok(i32::from(commit.0))
}
