//! A history served as a JSON-RPC node, and the faults that such a node may have.

mod answer;
mod call;
pub mod fault;
mod handle;
mod header;
mod heads;
mod hindrance;
mod methods;
mod options;
mod params;
mod server;
pub mod spoil;
pub mod stake_api;
mod state;

pub use handle::NodeHandle;
pub use options::NodeOptions;
pub use server::{NodeError, serve};
