//! One connection to an endpoint: where it goes, how it is made, and when it is given up.

pub(crate) mod address;
pub(crate) mod connection;
