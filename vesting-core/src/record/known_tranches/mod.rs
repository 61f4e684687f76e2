//! The tranches of every holder that are in memory.
//!
//! A debit consumes a holder's newest tranches or its oldest, so only both ends are kept in memory. The rest
//! is in the store, and is read when an end is used up. A credit needs no earlier tranche, so nothing is read
//! of a holder that only receives. Memory therefore does not grow with the record.

mod all_holders;
mod holder;
mod need;
mod page_read;
mod reading;
mod stored_only;
#[cfg(test)]
mod tests;

pub(crate) use all_holders::KnownTranches;
pub(crate) use need::Need;
pub(crate) use reading::Reading;
