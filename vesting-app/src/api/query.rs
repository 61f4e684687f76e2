//! What stands after `?` in a request, and in its path.

use std::collections::BTreeMap;
use std::str::FromStr;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::Uri;
use axum::http::request::Parts;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use super::problem::Problem;

/// The parameters that a handler takes after `?`.
///
/// They are described and read in one place. What is not described is refused, so a description cannot leave
/// one out.
pub trait Parameters: Sized {
    /// Each with its name, for `/openapi.json`.
    fn described() -> Vec<Parameter>;

    fn read(pairs: &Pairs) -> Result<Self, Problem>;
}

/// Reads the parameters of a request.
pub struct Query<P>(pub P);

impl<P: Parameters, S: Send + Sync> FromRequestParts<S> for Query<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Pairs::of(&parts.uri, P::described).and_then(|pairs| P::read(&pairs)).map(Self)
    }
}

impl<P: Parameters> IntoParams for Query<P> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        P::described()
    }
}

macro_rules! together {
    ($($part:ident),+) => {
        impl<$($part: Parameters),+> Parameters for ($($part,)+) {
            fn described() -> Vec<Parameter> {
                [$($part::described()),+].concat()
            }

            fn read(pairs: &Pairs) -> Result<Self, Problem> {
                Ok(($($part::read(pairs)?,)+))
            }
        }
    };
}

together!(A, B);
together!(A, B, C);
together!(A, B, C, D);

/// A path that takes no parameters.
impl Parameters for () {
    fn described() -> Vec<Parameter> {
        Vec::new()
    }

    fn read(_: &Pairs) -> Result<Self, Problem> {
        Ok(())
    }
}

/// The values of a request's parameters, by name.
pub struct Pairs(BTreeMap<String, String>);

impl Pairs {
    /// Splits what stands after `?`. Each name must be one of those described, and stand there once.
    fn of(uri: &Uri, described: impl FnOnce() -> Vec<Parameter>) -> Result<Self, Problem> {
        let mut found = BTreeMap::new();
        // Most requests have nothing there, and need no description.
        let Some(query) = uri.query() else { return Ok(Self(found)) };
        let described = described();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if !described.iter().any(|known| known.name == name) {
                let name: String = name.chars().take(40).collect();
                let known: Vec<&str> = described.iter().map(|known| known.name.as_str()).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                let why = format!("there is no parameter `{name}` here; there are: {known}");
                return Err(Problem::bad_input("query", why));
            }
            if found.insert(name.to_string(), value.into_owned()).is_some() {
                return Err(Problem::bad_input(name, "it is given twice: give it once"));
            }
        }
        Ok(Self(found))
    }

    /// A value that is read from text; `must` says what it must be.
    pub fn get<T: FromStr>(&self, name: &'static str, must: &str) -> Result<Option<T>, Problem> {
        let wrong = |text: &str| {
            let text: String = text.chars().take(40).collect();
            Problem::bad_input(name, format!("it is `{text}`, but it must be {must}"))
        };
        self.text(name).map(|text| text.parse().map_err(|_| wrong(text))).transpose()
    }

    /// A value as it is written.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// What stands in a path, such as a hotkey.
pub trait PathParameter: FromStr<Err: std::fmt::Display> {
    const NAME: &'static str;

    /// For `/openapi.json`.
    fn described() -> Parameter;
}

/// Reads what stands in the path of a request.
pub struct InPath<T>(pub T);

impl<T: PathParameter, S: Send + Sync> FromRequestParts<S> for InPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let text: Result<Path<String>, PathRejection> = Path::from_request_parts(parts, state).await;
        let Path(text) = text.map_err(|error| Problem::bad_input(T::NAME, error.body_text()))?;
        text.parse().map(Self).map_err(|error| Problem::bad_input(T::NAME, error))
    }
}

impl<T: PathParameter> IntoParams for InPath<T> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![T::described()]
    }
}
