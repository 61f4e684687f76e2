//! Settings from flags, the environment, a file, the Bittensor variables, and defaults, in this order.
//!
//! [`key`] has the one list of keys. Flags, the file, the environment and `vesting config` all follow from
//! it.
//!
//! Takes from `exit`, `output` and `log`.

mod args;
mod file;
mod flags;
mod formula;
mod key;
mod key_name;
mod layers;
mod load;
mod mistake;
mod network;
mod pin;
mod policy;
mod published;
mod secret;
mod setting;
mod settings;
mod shown;
mod template;
#[cfg(test)]
mod tests;
mod values;

pub use args::ConfigArgs;
pub use key::policy_keys;
pub use layers::Layers;
pub use load::{examine, load, load_changed};
pub use published::published;
pub use secret::Token;
pub use settings::{Config, DAY};
pub use shown::lines;
pub use template::template;
