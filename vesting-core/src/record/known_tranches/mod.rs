//! The tranches of every holder, as far as they are at hand.
//!
//! What leaves a holder takes the newest of its tranches or the oldest, so that only these are kept here: the
//! rest lies in the store, and is read when the kept ones do not last. What is received needs none of what is
//! there already; of a holder that only receives nothing is read at all. However long a record is followed,
//! as much stays in memory.

mod all_holders;
mod hidden;
mod holder;
mod need;
mod page_read;
mod reading;
#[cfg(test)]
mod tests;

pub(crate) use all_holders::KnownTranches;
pub(crate) use need::Need;
pub(crate) use reading::Reading;
