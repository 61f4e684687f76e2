//! What a position held when its holder's history began.

use crate::units::{BlockNumber, PositionKey, RaoDelta};

/// What a position held when its holder's history in the window began there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opening {
    /// The block. Without an event, the opening is at the end of it.
    pub block: BlockNumber,
    /// The event by which the coldkey took over from a holder: the opening is what the coldkey held
    /// itself just before.
    pub event_index: Option<u32>,
    /// The position.
    pub key: PositionKey,
    /// The balance in rao, never 0.
    pub alpha: RaoDelta,
}
