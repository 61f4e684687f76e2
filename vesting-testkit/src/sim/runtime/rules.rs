//! How a runtime computes with shares.

/// How a runtime computes with shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShareRules {
    /// Up to spec 425: shares and their sum change by the same amount, each rounded for itself.
    Plain,
    /// Since spec 460: a pool that is closed makes its rows worthless, shares change by what their sum really
    /// changed by, and nobody has more than the pool.
    Epochs,
}
