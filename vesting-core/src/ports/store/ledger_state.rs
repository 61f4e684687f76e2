//! What a recorder resumes from.

use std::collections::BTreeMap;

use super::{Holder, NeuronRow, OpenInterval, Watermark};
use crate::ledger::Succession;
use crate::units::{Coldkey, PositionKey, Rao};

/// What a recorder needs to resume where the record ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerState {
    /// Where the record ends.
    pub watermark: Watermark,
    /// The coldkeys followed.
    pub holders: Vec<Holder>,
    /// The newest snapshot of each position.
    pub observed: BTreeMap<PositionKey, Rao>,
    /// The newest locked part of each holder, as far as it is known.
    pub locks: BTreeMap<Coldkey, Rao>,
    /// Who holds which uid.
    pub neurons: Vec<NeuronRow>,
    /// Every coldkey that took over from a holder, in order.
    pub successions: Vec<Succession>,
    /// The open interval.
    pub interval: OpenInterval,
}
