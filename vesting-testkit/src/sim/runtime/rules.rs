//! How a runtime computes with shares.

/// How a runtime computes with shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShareRules {
    /// Up to spec 425. Shares and their sum change by the same amount, and each is rounded by itself.
    Plain,
    /// Since spec 460. A pool that closes makes its rows worthless. Shares change by what their sum really
    /// changed by. No position is worth more than its pool.
    Epochs,
}
