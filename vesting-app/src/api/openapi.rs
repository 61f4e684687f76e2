//! `GET /openapi.json`: the API for programs that read descriptions.

use axum::response::Response;

use super::answer::json_text;

const TEXT: &str = include_str!("openapi.json");

pub async fn openapi() -> Response {
    json_text(TEXT.into())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    /// Every path with its method, as the server has them.
    fn served() -> BTreeSet<(String, String)> {
        let source = include_str!("server.rs");
        let routes = source.split(".route(\"").skip(1).filter_map(|rest| rest.split_once("\", "));
        routes
            .map(|(path, rest)| (path.to_owned(), rest.split('(').next().unwrap_or_default().to_owned()))
            .collect()
    }

    #[test]
    fn every_path_is_described_and_every_path_described_is_there() {
        let document: Value = serde_json::from_str(TEXT).unwrap();
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
        let paths = document["paths"].as_object().unwrap();
        let methods = |path: &String, item: &Value| {
            item.as_object().unwrap().keys().map(|m| (path.clone(), m.clone())).collect::<Vec<_>>()
        };
        let described: BTreeSet<(String, String)> =
            paths.iter().flat_map(|(path, item)| methods(path, item)).collect();
        // The page and its files are for people.
        let for_programs = |(path, _): &(String, String)| path != "/" && !path.starts_with("/assets/");
        assert_eq!(described, served().into_iter().filter(for_programs).collect());
        assert!(described.len() > 15);
        let text = include_str!("../../../docs/api.md");
        for (path, method) in described {
            let row = text.lines().find(|line| {
                line.starts_with("| `") && line.contains(&format!("`{} {path}", method.to_uppercase()))
            });
            let row = row.unwrap_or_else(|| panic!("docs/api.md has no {method} {path}"));
            let head = row.split('`').nth(1).unwrap_or_default();
            let told: BTreeSet<&str> =
                head.split(['?', '&']).skip(1).map(|name| name.trim_end_matches('=')).collect();
            let parameters = document["paths"][&path][&method]["parameters"].as_array().unwrap();
            let names =
                parameters.iter().map(|one| one["$ref"].as_str().unwrap().rsplit('/').next().unwrap());
            let queries: BTreeSet<&str> =
                names.filter(|name| document["components"]["parameters"][name]["in"] == "query").collect();
            // `KEY=` stands for every key of the policy.
            let queries: BTreeSet<&str> = queries
                .into_iter()
                .map(|name| if crate::config::policy_keys().any(|key| key == name) { "KEY" } else { name })
                .collect();
            assert_eq!(told, queries, "{path}");
        }
    }
}
