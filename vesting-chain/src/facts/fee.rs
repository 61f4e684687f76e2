//! The fee of a removal.

/// Where the fee of a `StakeRemoved` is: no metadata tells, since the event's name and fields stayed the
/// same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeeRule {
    /// Inside the event's alpha.
    Inside,
    /// On top of it.
    OnTop,
}
