//! The parameters that several paths take.

use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{RefOr, Required};
use vesting_core::{BlockNumber, Coldkey, Whom};

use super::problem::Problem;
use super::query::{Pairs, Parameters, PathParameter};

/// The pattern of an SS58 address.
const ADDRESS: &str = "^5[1-9A-HJ-NP-Za-km-z]{47}$";

/// The subnet: `netuid`.
pub struct Netuid(pub Option<u16>);

impl Parameters for Netuid {
    fn described() -> Vec<Parameter> {
        let text = "The subnet; may be left out where one is followed.";
        vec![optional("netuid", text, whole(0, u16::MAX.into()))]
    }

    fn read(pairs: &Pairs) -> Result<Self, Problem> {
        pairs.get("netuid", "a subnet, a number from 0 to 65535").map(Self)
    }
}

/// The block that an answer is as of: `as_of`.
pub struct AsOf(pub Option<BlockNumber>);

impl Parameters for AsOf {
    fn described() -> Vec<Parameter> {
        let text = "As of the last epoch at or before this block; by default the last recorded.";
        vec![optional("as_of", text, whole(0, u64::MAX))]
    }

    fn read(pairs: &Pairs) -> Result<Self, Problem> {
        block(pairs, "as_of").map(Self)
    }
}

/// The first and the last block: `from` and `to`.
pub struct Blocks {
    pub from: Option<BlockNumber>,
    pub to: Option<BlockNumber>,
}

impl Parameters for Blocks {
    fn described() -> Vec<Parameter> {
        vec![
            optional("from", "The first block.", whole(0, u64::MAX)),
            optional("to", "The last block.", whole(0, u64::MAX)),
        ]
    }

    fn read(pairs: &Pairs) -> Result<Self, Problem> {
        Ok(Self { from: block(pairs, "from")?, to: block(pairs, "to")? })
    }
}

impl PathParameter for Whom {
    const NAME: &'static str = "hotkey";

    fn described() -> Parameter {
        let text = "An SS58 hotkey or coldkey, or a uid as in uid:5.";
        let either = AnyOfBuilder::new().item(pattern(ADDRESS)).item(pattern("^uid:[0-9]{1,5}$"));
        in_path(Self::NAME, text, either)
    }
}

impl PathParameter for Coldkey {
    const NAME: &'static str = "coldkey";

    fn described() -> Parameter {
        in_path(Self::NAME, "An SS58 coldkey.", pattern(ADDRESS))
    }
}

fn block(pairs: &Pairs, name: &'static str) -> Result<Option<BlockNumber>, Problem> {
    Ok(pairs.get(name, "a block, a whole number")?.map(BlockNumber))
}

/// A parameter after `?` that may be left out.
pub fn optional(name: &str, text: &str, schema: impl Into<RefOr<Schema>>) -> Parameter {
    described(name, ParameterIn::Query, Required::False, text, schema)
}

/// A parameter after `?` that must be given.
pub fn required(name: &str, text: &str, schema: impl Into<RefOr<Schema>>) -> Parameter {
    described(name, ParameterIn::Query, Required::True, text, schema)
}

/// A part of the path.
pub fn in_path(name: &str, text: &str, schema: impl Into<RefOr<Schema>>) -> Parameter {
    described(name, ParameterIn::Path, Required::True, text, schema)
}

/// A header that may be left out.
pub fn in_header(name: &str, text: &str, schema: impl Into<RefOr<Schema>>) -> Parameter {
    described(name, ParameterIn::Header, Required::False, text, schema)
}

fn described(
    name: &str,
    place: ParameterIn,
    required: Required,
    text: &str,
    schema: impl Into<RefOr<Schema>>,
) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(Some(text))
        .schema(Some(schema))
        .build()
}

/// A whole number within bounds.
pub fn whole(least: u64, most: u64) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(least)).maximum(Some(most))
}

/// One of some words.
pub fn one_of(words: impl IntoIterator<Item = &'static str>) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words))
}

/// Text that a pattern fits.
pub fn pattern(pattern: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern))
}
