//! Whether storage and the runtime's own answer agree about positions.
//!
//! Takes from `state` and `stake`.

pub(crate) mod compared;
pub(crate) mod comparison;
pub(crate) mod disagreement;
pub(crate) mod due;
pub(crate) mod trust;
