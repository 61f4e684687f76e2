//! Reads stake and epochs of a Subtensor chain through subxt's legacy JSON-RPC methods.
//!
//! Everything is looked up by name in the metadata of the runtime that *made* the block that is
//! read; an absent optional item is a capability that is off, not an error.

mod agreement;
mod endpoints;
mod errors;
pub mod facts;
mod link;
mod node;
mod reading;
mod recording;

mod runtimes;
mod stake;
mod state;
pub mod surface;

pub use agreement::trust::Disagreement;
pub use endpoints::calls::{Calls, Requests};
pub use link::address::check;
pub use reading::chain::{ChainOptions, SubxtChain};
pub use recording::capture::{Capture, CapturedBlock, CapturedRuntime};
pub use runtimes::runtime::{Capabilities, Runtime};
pub use vesting_secret::SecretUrl;
