//! Whether storage and the runtime's own answer agree.

pub(crate) mod trust;
