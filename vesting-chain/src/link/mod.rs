//! One connection to an endpoint: its address, how it is made, and when it is given up.
//!
//! Takes from `errors`.

pub(crate) mod address;
pub(crate) mod client;
pub(crate) mod connection;
pub(crate) mod dial;
pub(crate) mod handshake;
pub(crate) mod head_copy;
pub(crate) mod header;
