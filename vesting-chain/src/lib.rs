//! Reads stake and epochs of a Subtensor chain through subxt's legacy JSON-RPC methods.
//!
//! Everything is looked up by name in the metadata of the runtime that *made* the block that is
//! read; an absent optional item is a capability that is off, not an error.

mod adapter;
mod address;
mod calls;
mod capture;
mod chunks;
mod connection;
mod counters;
mod endpoint;
mod eras;
mod events;
pub mod facts;
mod fields;
mod hashes;
mod heads;
mod items;
mod locks;
mod neurons;
mod pace;
mod positions;
mod proxies;
mod reader;
mod refusal;
mod runtime;
mod runtime_api;
mod runtimes;
mod shapes;
mod shares;
pub mod surface;
mod traces;
mod trust;

pub use adapter::{ChainOptions, SubxtChain};
pub use address::check;
pub use calls::{Calls, Requests};
pub use capture::{Capture, CapturedBlock, CapturedRuntime};
pub use runtime::{Capabilities, Runtime};
pub use trust::Disagreement;
pub use vesting_secret::SecretUrl;
