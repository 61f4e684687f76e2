//! What the settings say, and what is wrong with them.

mod keys;
mod layers;
mod mistakes;
mod secrets;
mod support;
mod values;
