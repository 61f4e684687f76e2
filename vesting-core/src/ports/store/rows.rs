//! Rows of a record besides the ledger: who is followed, and what was read of the chain's state.

use std::collections::BTreeMap;

use crate::ledger::Flow;
use crate::units::{BlockNumber, Coldkey, Hotkey, PositionKey, Rao, RaoDelta, Uid};

/// A coldkey whose positions are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// The coldkey.
    pub coldkey: Coldkey,
    /// The block at whose end its record begins.
    pub since: BlockNumber,
}

/// The alpha of a position in the state of a block. A row is written when it differs from the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Snapshot {
    /// The block.
    pub block: BlockNumber,
    /// The position.
    pub key: PositionKey,
    /// Its alpha.
    pub alpha: Rao,
}

/// The part of a holder's stake that it cannot move, in the state of an epoch's block. A row is written when
/// the part is first known, and when it differs from the one before. No row means that it is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockRow {
    /// The epoch's block.
    pub block: BlockNumber,
    /// The holder.
    pub coldkey: Coldkey,
    /// How much is locked, on all its hotkeys together.
    pub locked: Rao,
}

/// A change of who holds a uid, found in the state of `block`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NeuronRow {
    /// The uid.
    pub uid: Uid,
    /// The block in whose state it was first seen.
    pub block: BlockNumber,
    /// Who holds it from there on; `None` when nobody does.
    pub holder: Option<(Hotkey, Coldkey)>,
}

/// The change of one position between two epochs, by flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceChange {
    /// B₁, the epoch at whose end the interval begins.
    pub from: BlockNumber,
    /// B₂−1, the block at whose end it ends.
    pub to: BlockNumber,
    /// The position.
    pub key: PositionKey,
    /// Its alpha at B₁.
    pub start: Rao,
    /// Its alpha at B₂−1.
    pub end: Rao,
    /// The entries between, summed by flow.
    pub by_flow: BTreeMap<Flow, RaoDelta>,
}
