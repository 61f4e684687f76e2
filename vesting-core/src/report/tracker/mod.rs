//! `StakeTracker`: reports, histories and explanations of a record.

mod miner;
mod stake_tracker;
#[cfg(test)]
mod tests;

pub use stake_tracker::StakeTracker;
