//! Who holds what in the state of one block.

pub(crate) mod locks;
pub(crate) mod positions;
pub(crate) mod proxies;
pub(crate) mod shares;
pub(crate) mod traces;
