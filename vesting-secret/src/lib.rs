//! What must never be in words.
//!
//! A [`SecretUrl`] cannot be printed whole. Whoever reads one makes its secrets known here, and [`hide`]
//! takes them out of any text that comes from elsewhere: a driver, a node, the system. So a text is safe to
//! print even where its author repeats what it was told.

mod flaw;
mod known;
mod parts;
mod url;

pub use flaw::Flaw;
pub use known::{hide, is_in, keep, keep_those_in};
pub use url::SecretUrl;

/// What stands in the place of a secret.
pub const HIDDEN: &str = "***";
