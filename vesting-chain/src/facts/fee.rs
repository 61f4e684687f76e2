//! Where the fee of a removal is.

/// Where the fee of a `StakeRemoved` is. No metadata tells, since the event's name and fields stayed the
/// same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeeRule {
    /// The event's alpha includes it.
    Inside,
    /// It comes on top of the event's alpha.
    OnTop,
}
