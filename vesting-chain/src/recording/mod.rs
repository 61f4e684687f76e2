//! Blocks as a recording has them.

pub(crate) mod capture;
pub(crate) mod shapes;
