//! What a position held when its holder's history began.

use crate::units::{BlockNumber, PositionKey, RaoDelta};

/// What a position held when its holder's history in the window began there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opening {
    /// The block. Without an event, the opening is at its end.
    pub block: BlockNumber,
    /// The event by which the coldkey took over from a holder. The opening is then what the coldkey itself
    /// held just before.
    pub event_index: Option<u32>,
    /// The position.
    pub key: PositionKey,
    /// The balance in rao, never 0.
    pub alpha: RaoDelta,
}
