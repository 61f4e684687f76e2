//! The answers that many paths give, as `/openapi.json` describes them.

use std::collections::BTreeMap;

use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{Components, ContentBuilder, Ref, RefOr};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use super::parameters::one_of;
use super::problem::Body;

/// What may go wrong: the status, the name of the description, and the description.
const PROBLEMS: [(&str, &str, &str); 8] = [
    ("400", "Wrong", "A parameter or a member of the body is wrong, unknown or missing."),
    ("401", "Unauthorized", "No token, or another one."),
    (
        "403",
        "OtherSite",
        "Another site's page asks: on loopback without a token `Host` must be localhost or an address of \
        loopback, and what is not merely read must have no other `Origin`. Or what is asked for is told with a \
        token only, and none is set.",
    ),
    ("404", "NotFound", "The subnet, an epoch up to `as_of`, or who is asked about is not recorded."),
    ("409", "NotHere", "This process does not record it; the detail says who does."),
    ("413", "TooLarge", "The body has more than 16 MiB."),
    ("500", "Broken", "The record cannot be read; the log says why."),
    (
        "503",
        "Busy",
        "Another program holds the database or its server cannot be reached, the answer took more than 30 \
        s, the chain cannot be asked, too many listen, or too many requests wait.",
    ),
];

/// Adds the descriptions of all problems, to which those of the paths refer.
pub fn describe_problems(components: &mut Components) {
    for (_, name, text) in PROBLEMS {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(Body::name()))).build();
        let response = ResponseBuilder::new().description(text).content("application/problem+json", content);
        components.responses.insert(name.to_owned(), response.build().into());
    }
    components.schemas.insert(Body::name().into_owned(), Body::schema());
}

fn problems(statuses: &[&str]) -> BTreeMap<String, RefOr<Response>> {
    let named = PROBLEMS.iter().filter(|(status, ..)| statuses.contains(status));
    named.map(|(status, name, _)| ((*status).to_owned(), Ref::from_response_name(*name).into())).collect()
}

macro_rules! problems {
    ($($(#[doc = $text:literal])* $name:ident: $($status:literal),*;)*) => {
        $(
            $(#[doc = $text])*
            pub enum $name {}

            impl IntoResponses for $name {
                fn responses() -> BTreeMap<String, RefOr<Response>> {
                    problems(&[$($status),*])
                }
            }
        )*
    };
}

problems! {
    /// What goes wrong where no token is needed and the record is not read.
    OpenProblems: "403";
    /// What goes wrong where the record is not read.
    TokenProblems: "401", "403", "500";
    /// What goes wrong where records are read, whichever there are.
    ReadProblems: "400", "401", "403", "500", "503";
    /// What goes wrong where something is looked for in a record.
    RecordProblems: "400", "401", "403", "404", "500", "503";
    /// What goes wrong where the record is to be advanced.
    UpdateProblems: "400", "401", "403", "409", "500", "503";
    /// What goes wrong where weights are given.
    WeightsProblems: "400", "401", "403", "404", "413", "500", "503";
}

/// The header `vesting-stale`.
pub enum Stale {}

impl PartialSchema for Stale {
    fn schema() -> RefOr<Schema> {
        let text = "Without `as_of`: whether the record's last block is older than `stale_after_seconds`, \
            so that newer sales are not known.";
        one_of(["true", "false"]).description(Some(text)).into()
    }
}

impl ToSchema for Stale {}

/// A picture.
pub enum Svg {}

impl PartialSchema for Svg {
    fn schema() -> RefOr<Schema> {
        let text = "An SVG image that says in `aria-label` what it shows.";
        ObjectBuilder::new().schema_type(Type::String).description(Some(text)).into()
    }
}

impl ToSchema for Svg {}
