//! The basic types of everything else: amounts, keys and numbers. They know nothing of a chain.
//!
//! Takes from nothing here.

pub(crate) mod account;
pub(crate) mod digest;
pub(crate) mod fraction;
pub(crate) mod ids;
pub(crate) mod position;
pub(crate) mod ppb;
pub(crate) mod rao;

pub use account::{AddressError, Coldkey, Hotkey};
pub use digest::Digest;
pub use fraction::Fraction;
pub use ids::{BlockHash, BlockNumber, BlockRef, Millis, NetUid, Uid};
pub use position::{Neuron, PositionKey, SubnetOwner};
pub use ppb::{DecimalError, Ppb};
pub use rao::{Rao, RaoDelta};
