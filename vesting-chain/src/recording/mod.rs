//! Capturing blocks as a recording has them.
//!
//! Takes from `link`, `node`, `runtimes`, `state`, `stake` and `reading`.

pub(crate) mod capture;
pub(crate) mod captured;
pub(crate) mod named;
pub(crate) mod shapes;
pub(crate) mod subjects;
