//! Values in a line, as text.

use std::fmt::Display;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use vesting_core::{BlockHash, Detection, Flow, Kind, Origin, Phase};

/// A value in its usual text form (`Display` and `FromStr`): an amount in rao, an SS58 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text<T>(pub T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map(Self).map_err(D::Error::custom)
    }
}

/// A type that the format writes in a form of its own.
pub trait Spelling: Sized {
    /// Its text in the format.
    fn spell(&self) -> String;
    /// The value of a text, if there is one.
    fn read(text: &str) -> Option<Self>;
}

/// A value in the form that the format gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spelled<T>(pub T);

impl<T: Spelling> Serialize for Spelled<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0.spell())
    }
}

impl<'de, T: Spelling> Deserialize<'de> for Spelled<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        T::read(&text).map(Self).ok_or_else(|| D::Error::custom(format!("`{text}` is unknown")))
    }
}

macro_rules! named {
    ($($name:ty),*) => {
        $(impl Spelling for $name {
            fn spell(&self) -> String {
                self.name().to_owned()
            }
            fn read(text: &str) -> Option<Self> {
                Self::from_name(text)
            }
        })*
    };
}
named!(Kind, Detection, Origin);

impl Spelling for Flow {
    fn spell(&self) -> String {
        self.name().to_owned()
    }

    fn read(text: &str) -> Option<Self> {
        Kind::ALL.iter().map(|kind| kind.flow()).find(|flow| flow.name() == text)
    }
}

impl Spelling for BlockHash {
    fn spell(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("0x").filter(|digits| digits.len() == 64)?;
        let mut bytes = [0; 32];
        faster_hex::hex_decode(digits.as_bytes(), &mut bytes).ok()?;
        Some(Self(bytes))
    }
}

impl Spelling for Phase {
    fn spell(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Option<Self> {
        match text {
            "initialization" => Some(Self::Initialization),
            "finalization" => Some(Self::Finalization),
            _ => text.strip_prefix("extrinsic:")?.parse().ok().map(Self::Extrinsic),
        }
    }
}
