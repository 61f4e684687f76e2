//! The kinds of text in answers. JSON's numbers are doubles in many programs, so amounts and factors are told
//! as text.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vesting_core::digest::Digest;
use vesting_core::{BlockHash, Coldkey, Hotkey, Millis, Ppb, Rao, RaoDelta};

use crate::output::time;

/// An amount in rao.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(pattern = "^-?[0-9]+$")]
pub struct Amount(pub String);

/// An SS58 address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(pattern = "^5[1-9A-HJ-NP-Za-km-z]{47}$")]
pub struct Address(pub String);

/// A factor or a part of one, exact to nine places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(pattern = r"^[0-9]+\.[0-9]{9}$")]
pub struct Factor(pub String);

/// A hash or a digest of 32 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(pattern = "^0x[0-9a-f]{64}$")]
pub struct Hash(pub String);

/// The time of a block (RFC 3339).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(format = "date-time")]
pub struct Time(pub String);

macro_rules! written {
    ($($from:ty => $text:ident),* $(,)?) => {
        $(impl From<$from> for $text {
            fn from(value: $from) -> Self {
                Self(value.to_string())
            }
        })*
    };
}

written! {
    Rao => Amount,
    RaoDelta => Amount,
    u128 => Amount,
    i128 => Amount,
    Hotkey => Address,
    Coldkey => Address,
    Ppb => Factor,
    Digest => Hash,
    BlockHash => Hash,
}

impl From<Millis> for Time {
    fn from(at: Millis) -> Self {
        Self(time(at))
    }
}
