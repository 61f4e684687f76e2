//! Rows of a record that are no facts of the ledger: who is followed, and what was seen of the state.

use std::collections::BTreeMap;

use crate::ledger::Flow;
use crate::units::{BlockNumber, Coldkey, Hotkey, PositionKey, Rao, RaoDelta, Uid};

/// A coldkey whose positions are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// The coldkey.
    pub coldkey: Coldkey,
    /// The block at whose end its record opens.
    pub since: BlockNumber,
}

/// The alpha of a position in the state of a block. Written when it differs from the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Snapshot {
    /// The block.
    pub block: BlockNumber,
    /// The position.
    pub key: PositionKey,
    /// Its alpha.
    pub alpha: Rao,
}

/// The part of a holder's stake that it cannot move, in the state of an epoch's block. Written when it
/// differs from the one before, and when it is first known; no row means that it is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockRow {
    /// The epoch's block.
    pub block: BlockNumber,
    /// The holder.
    pub coldkey: Coldkey,
    /// How much is locked, on all its hotkeys together.
    pub locked: Rao,
}

/// A change in who holds a uid, seen in the state of `block`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NeuronRow {
    /// The uid.
    pub uid: Uid,
    /// The block in whose state it was first seen.
    pub block: BlockNumber,
    /// Who holds it from there; `None` when nobody does.
    pub holder: Option<(Hotkey, Coldkey)>,
}

/// What one position did from one epoch (after it) to the next (before it), by flow.
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
