//! Reads one block: what is asked of it, with the runtime that made it.

pub(crate) mod chain;
