//! What an error of a node means.

pub(crate) mod failure;
