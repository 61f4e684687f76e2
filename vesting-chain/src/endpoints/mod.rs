//! The endpoints of a chain: which one is asked, how much at once, and what follows when one fails.

pub(crate) mod calls;
pub(crate) mod endpoint;
pub(crate) mod pace;
