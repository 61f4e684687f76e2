//! The order of what happens within a block.

use super::Kind;
use crate::units::BlockNumber;

/// When something happened: the block, and the place within it. A block's emission comes first, then its
/// events by index, unattributed changes, rounding, and what opens at the end of the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Moment {
    block: BlockNumber,
    rank: u8,
    /// The index of the event, if the rank is [`BY_EVENT`].
    event_index: Option<u32>,
}

/// The rank of what events report.
const BY_EVENT: u8 = 1;

impl Moment {
    /// The moment of an event.
    pub const fn of_event(block: BlockNumber, event_index: u32) -> Self {
        Self { block, rank: BY_EVENT, event_index: Some(event_index) }
    }

    /// The moment of an entry of this kind.
    pub fn of_entry(block: BlockNumber, kind: Kind, event_index: Option<u32>) -> Self {
        let rank = match kind {
            Kind::Incentive | Kind::DividendOrOther => 0,
            Kind::Unattributed => 2,
            Kind::Rounding => 3,
            Kind::Opening => 4,
            _ => BY_EVENT,
        };
        Self { block, rank, event_index: event_index.filter(|_| rank == BY_EVENT) }
    }

    /// The moment of openings at the end of a block, after everything else in it.
    pub const fn end_of(block: BlockNumber) -> Self {
        Self { block, rank: u8::MAX, event_index: None }
    }
}
