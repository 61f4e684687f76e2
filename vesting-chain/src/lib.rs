//! Reads stake and epochs of a Subtensor chain through subxt's legacy JSON-RPC methods.
//!
//! Everything is looked up by name in the metadata of the runtime that *made* the block that is read. An
//! absent optional item is a capability that is off, not an error.
//!
//! - [`SubxtChain`] is the chain, as the core's [`ChainPort`](vesting_core::ports::ChainPort).
//! - [`Capture`] captures blocks as a recording.
//! - [`facts`] is what is known of runtimes by version, and [`surface`] what of a runtime is unknown.
//!
//! # Streets
//!
//! Each takes from those above it only.
//!
//! | street | what is there |
//! |---|---|
//! | `facts` | what is known of runtimes by version, and how it was found |
//! | `surface` | what in a runtime may bear on stake, and which of it is unknown |
//! | `errors` | what an error of a node means |
//! | `link` | one connection to an endpoint |
//! | `endpoints` | the endpoints of a chain, and calls to whichever serves |
//! | `node` | what a node tells of any chain: heads, hashes, storage |
//! | `runtimes` | runtimes by version, their capabilities and storage keys |
//! | `state` | what a block's state says of the block and of a subnet |
//! | `stake` | who holds what in a block's state |
//! | `agreement` | whether storage and the runtime's own answer agree |
//! | `reading` | one block, read as it is asked for |
//! | `recording` | blocks captured as a recording |
//! | `subxt_chain` | the core's port |

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
mod subxt_chain;
pub mod surface;

pub use agreement::disagreement::Disagreement;
pub use endpoints::counts::{Calls, Requests};
pub use link::address::check_endpoint;
pub use reading::options::ChainOptions;
pub use recording::capture::Capture;
pub use recording::captured::{CapturedBlock, CapturedRuntime};
pub use runtimes::capabilities::Capabilities;
pub use runtimes::runtime::Runtime;
pub use subxt_chain::SubxtChain;
pub use vesting_secret::SecretUrl;
