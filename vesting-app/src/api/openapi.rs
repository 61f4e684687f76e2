//! `GET /openapi.json`: the API for programs that read descriptions.

use axum::Extension;
use axum::body::Bytes;
use axum::response::Response;
use utoipa::OpenApi;
use utoipa::openapi::schema::{
    AdditionalProperties, Array, ArrayItems, KnownFormat, Object, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{self, Components, RefOr};

use super::answer::json_text;
use super::responses::{OpenProblems, describe_problems};

/// What the description says besides the paths, which the router collects from their handlers.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "vesting",
        description = "Who earned what on a Bittensor subnet, who kept it, and which weight multiplier \
            follows.",
        license(name = "MIT", identifier = "MIT")
    ),
    security((), ("token" = []))
)]
pub struct Description;

/// The description as it is served: made once.
#[derive(Clone)]
pub struct Document(Bytes);

impl Document {
    /// Completes a description of all paths.
    pub fn of(mut description: openapi::OpenApi) -> serde_json::Result<Self> {
        let components = description.components.get_or_insert_with(Components::new);
        let mut token = Http::new(HttpAuthScheme::Bearer);
        token.description = Some("`api_token`, where one is set.".to_owned());
        components.add_security_scheme("token", SecurityScheme::Http(token));
        describe_problems(components);
        components.schemas.values_mut().for_each(complete);
        serde_json::to_vec(&description).map(|text| Self(text.into()))
    }
}

/// This document.
#[utoipa::path(
    get,
    path = "/openapi.json",
    security(),
    responses(
        (status = 200, description = "This document.", body = Object),
        OpenProblems
    ),
)]
pub async fn openapi(Extension(Document(text)): Extension<Document>) -> Response {
    json_text(text)
}

/// Adds to a schema what holds of all of them, so that types need not say it.
fn complete(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => {
            bound(object);
            object.properties.values_mut().for_each(complete);
            if !object.properties.is_empty() {
                close(object);
            }
        }
        RefOr::T(Schema::Array(Array { items: ArrayItems::RefOrSchema(items), .. })) => complete(items),
        _ => {}
    }
}

/// Replaces the format of a whole number, whose name OpenAPI does not know, by its bounds.
fn bound(object: &mut Object) {
    let Some(SchemaFormat::KnownFormat(format)) = &object.format else { return };
    match format {
        KnownFormat::UInt16 => object.maximum = Some(u16::MAX.into()),
        KnownFormat::UInt32 | KnownFormat::UInt64 => {}
        _ => return,
    }
    object.format = None;
}

/// Says that an object has the members described and no others. A member that may be null is always there.
fn close(object: &mut Object) {
    object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
    let is_there = |name: &String, schema| object.required.contains(name) || may_be_null(schema);
    let required = object.properties.iter().filter(|(name, schema)| is_there(name, schema));
    object.required = required.map(|(name, _)| name.clone()).collect();
}

fn may_be_null(schema: &RefOr<Schema>) -> bool {
    let has_null = |kind: &SchemaType| match kind {
        SchemaType::Type(kind) => *kind == Type::Null,
        SchemaType::Array(kinds) => kinds.contains(&Type::Null),
        SchemaType::AnyValue => false,
    };
    match schema {
        RefOr::T(Schema::Object(object)) => has_null(&object.schema_type),
        RefOr::T(Schema::Array(array)) => has_null(&array.schema_type),
        RefOr::T(Schema::OneOf(choice)) => choice.items.iter().any(may_be_null),
        _ => false,
    }
}
