//! An inconsistency, and where it was found.

use std::fmt;

use crate::units::{BlockNumber, Coldkey, NetUid, PositionKey};

/// An inconsistency in a record. Reaction: trust nothing that follows from the record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Inconsistency {
    /// The subnet.
    pub netuid: NetUid,
    /// The table.
    pub table: &'static str,
    /// The block of the row.
    pub block: BlockNumber,
    /// The position or holder that the row belongs to, if any.
    pub whose: Option<BalanceOf>,
    /// What is wrong.
    pub what: String,
}

/// A position, or a holder with all its positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BalanceOf {
    /// A position.
    Position(PositionKey),
    /// A holder.
    Holder(Coldkey),
}

impl fmt::Display for Inconsistency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "subnet {}, {} at block {}", self.netuid, self.table, self.block)?;
        match self.whose {
            Some(BalanceOf::Position(key)) => {
                write!(f, ", hotkey {} of coldkey {}", key.hotkey, key.coldkey)?
            }
            Some(BalanceOf::Holder(coldkey)) => write!(f, ", coldkey {coldkey}")?,
            None => {}
        }
        write!(f, ": {}", self.what)
    }
}

/// The subnet, table and block of a row, to report an inconsistency there.
#[derive(Clone, Copy)]
pub(super) struct RowPlace(pub(super) NetUid, pub(super) &'static str, pub(super) BlockNumber);

impl RowPlace {
    pub(super) fn wrong(self, whose: Option<BalanceOf>, what: impl fmt::Display) -> Inconsistency {
        Inconsistency { netuid: self.0, table: self.1, block: self.2, whose, what: what.to_string() }
    }

    pub(super) fn position(self, key: PositionKey, what: impl fmt::Display) -> Inconsistency {
        self.wrong(Some(BalanceOf::Position(key)), what)
    }

    pub(super) fn holder(self, coldkey: Coldkey, what: impl fmt::Display) -> Inconsistency {
        self.wrong(Some(BalanceOf::Holder(coldkey)), what)
    }
}
