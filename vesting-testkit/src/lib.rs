//! Chains to test against: recordings of the real pallets served again, and a simulated subnet.

pub mod contract;
pub mod fault;
pub mod flaky;
mod header;
pub mod history;
pub mod node;
pub mod postgres;
pub mod recording;
pub mod sim;
pub mod stake_api;
pub mod truth;
