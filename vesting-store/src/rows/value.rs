//! Single values: from the core's types to columns and back, checked both ways.

use std::fmt::{self, Display};

use vesting_core::ports::StoreError;
use vesting_core::{BlockNumber, EntryId, Hotkey, Kind, NetUid, Phase};

/// Where a value is stored, so that an error can name its row.
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
    /// The error of a value that was never written like this.
    pub fn corrupt(self, what: impl Display) -> StoreError {
        StoreError::Corrupt(format!("{self}: {what}"))
    }

    /// Reads a number, which must fit the core's type.
    pub fn number<T: TryFrom<i64>>(self, value: i64) -> Result<T, StoreError> {
        T::try_from(value).map_err(|_| self.corrupt(format_args!("{value} is out of range")))
    }

    /// Reads a block number.
    pub fn block(self, value: i64) -> Result<BlockNumber, StoreError> {
        self.number(value).map(BlockNumber)
    }

    /// Reads a key or a hash.
    pub fn bytes(self, value: &[u8]) -> Result<[u8; 32], StoreError> {
        value.try_into().map_err(|_| self.corrupt(format_args!("a key or hash of {} bytes", value.len())))
    }

    /// Reads a kind by its name.
    pub fn kind(self, name: &str) -> Result<Kind, StoreError> {
        Kind::from_name(name).ok_or_else(|| self.corrupt(format_args!("the kind `{name}` is unknown")))
    }

    /// Reads the id of an entry.
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

    /// Reads a phase. Without an event there is none.
    pub fn phase(self, value: i64) -> Result<Option<Phase>, StoreError> {
        Ok(match value {
            NO_EVENT => None,
            INITIALIZATION => Some(Phase::Initialization),
            FINALIZATION => Some(Phase::Finalization),
            index => Some(Phase::Extrinsic(self.number(index)?)),
        })
    }
}

/// Stands for no event. NULL cannot be used: it equals nothing, so a key with it would not be unique.
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

/// The column of a number. Both databases hold 64 bits with a sign.
pub fn int<T: TryInto<i64> + Display + Copy>(what: &str, value: T) -> Result<i64, StoreError> {
    value.try_into().map_err(|_| {
        StoreError::Unusable(format!("nothing was written: {what}: {value} is more than a database holds"))
    })
}

/// The column of a bound of a search. A database holds no block beyond the largest.
pub fn block_bound(block: BlockNumber) -> i64 {
    i64::try_from(block.0).unwrap_or(i64::MAX)
}

/// The column of the subnet. A row's own subnet must be that of its commit.
pub fn same_subnet(commit: NetUid, row: NetUid) -> Result<i32, StoreError> {
    if commit != row {
        return Err(StoreError::Unusable(format!(
            "nothing was written: a row of subnet {row} among those of subnet {commit}"
        )));
    }
    Ok(i32::from(commit.0))
}
