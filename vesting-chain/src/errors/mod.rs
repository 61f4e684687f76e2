//! What an error of a node means, and how long a node asks to be left alone.
//!
//! Takes from nothing here.

pub(crate) mod call;
pub(crate) mod failure;
pub(crate) mod handshake;
pub(crate) mod text;
pub(crate) mod wait;
