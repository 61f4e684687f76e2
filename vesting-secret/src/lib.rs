//! Secrets that must never be printed.
//!
//! A [`SecretUrl`] cannot be printed whole. Reading one also registers its secrets in this process. [`hide`]
//! removes registered secrets from any text that comes from elsewhere: a driver, a node, the system. So such
//! a text is safe to print even if it repeats a secret.

mod arguments;
mod flaw;
mod known;
mod parts;
mod url;

pub use arguments::keep_those_in;
pub use flaw::Flaw;
pub use known::{hide, is_in, keep};
pub use url::SecretUrl;

/// The text printed in place of a secret.
pub const HIDDEN: &str = "***";
