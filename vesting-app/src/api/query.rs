//! The parameters after `?`.

use std::collections::BTreeMap;
use std::str::FromStr;

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::Uri;
use vesting_core::BlockNumber;

use super::problem::Problem;

/// The parameters of a request, by name.
pub struct Query(BTreeMap<&'static str, String>);

impl Query {
    /// Reads them; only those `known` may be there, each once.
    pub fn of(uri: &Uri, known: &[&'static str]) -> Result<Self, Problem> {
        let mut found = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            let Some(name) = known.iter().find(|known| **known == name) else {
                let name: String = name.chars().take(40).collect();
                let words = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(Problem::bad_input(
                    "query",
                    format!("there is no parameter `{name}` here; there are: {words}"),
                ));
            };
            if found.insert(*name, value.into_owned()).is_some() {
                return Err(Problem::bad_input(name, "it is given twice: give it once"));
            }
        }
        Ok(Self(found))
    }

    /// A number, or what else is read from text; `must` says what it must be.
    pub fn get<T: FromStr>(&self, name: &'static str, must: &str) -> Result<Option<T>, Problem> {
        let wrong = |text: &String| {
            let text: String = text.chars().take(40).collect();
            Problem::bad_input(name, format!("it is `{text}`, but it must be {must}"))
        };
        self.0.get(name).map(|text| text.parse().map_err(|_| wrong(text))).transpose()
    }

    /// What stands there, as it is.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A block.
    pub fn block(&self, name: &'static str) -> Result<Option<BlockNumber>, Problem> {
        Ok(self.get(name, "a block, a whole number")?.map(BlockNumber))
    }

    /// `netuid`.
    pub fn netuid(&self) -> Result<Option<u16>, Problem> {
        self.get("netuid", "a subnet, a number from 0 to 65535")
    }
}

/// The name in a path, of a hotkey, a coldkey or what else is read from text.
pub fn name<T: FromStr<Err: std::fmt::Display>>(
    field: &'static str,
    path: Result<Path<String>, PathRejection>,
) -> Result<T, Problem> {
    let Path(text) = path.map_err(|error| Problem::bad_input(field, error.body_text()))?;
    text.parse().map_err(|error| Problem::bad_input(field, error))
}
