//! A history served as a JSON-RPC node, and what may be wrong with that node.

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
