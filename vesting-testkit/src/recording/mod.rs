//! Recordings of real chains: how they are read and written, and the truth that comes with some of them.

mod reader;
#[cfg(feature = "test-tools")]
pub mod truth;
pub mod writer;

pub use reader::{RecordingError, load};
