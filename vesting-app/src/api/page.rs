//! The page for people: its files are part of the binary.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::fallback::no_such_path;
use super::problem::Problem;

const PAGE: File = File { name: "index.html", kind: HTML, text: include_str!("../../assets/index.html") };

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// A file of the page.
struct File {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
}

macro_rules! files {
    ($($name:literal: $kind:expr),* $(,)?) => {
        [$(File { name: $name, kind: $kind, text: include_str!(concat!("../../assets/", $name)) }),*]
    };
}

const FILES: [File; 12] = files! {
    "icon.svg": "image/svg+xml",
    "page.css": STYLE,
    "page.js": SCRIPT,
    "api.js": SCRIPT,
    "chart.js": SCRIPT,
    "dom.js": SCRIPT,
    "epochs.js": SCRIPT,
    "format.js": SCRIPT,
    "miner.js": SCRIPT,
    "miners.js": SCRIPT,
    "policy.js": SCRIPT,
    "table.js": SCRIPT,
};

pub async fn page(headers: HeaderMap) -> Response {
    PAGE.answer(&headers)
}

pub async fn asset(Path(name): Path<String>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    match FILES.iter().find(|file| file.name == name) {
        Some(file) => Ok(file.answer(&headers)),
        None => Err(no_such_path(uri).await),
    }
}

impl File {
    /// The file; or, where the browser has the same one already, only that.
    fn answer(&self, headers: &HeaderMap) -> Response {
        let mut hasher = DefaultHasher::new();
        self.text.hash(&mut hasher);
        let tag = format!("\"{:016x}\"", hasher.finish());
        let same = headers
            .get(header::IF_NONE_MATCH)
            .and_then(|given| given.to_str().ok())
            .is_some_and(|given| given.split(',').any(|one| one.trim().trim_start_matches("W/") == tag));
        let about = [(header::ETAG, tag.as_str()), (header::CACHE_CONTROL, "no-cache")];
        if same {
            return (StatusCode::NOT_MODIFIED, about).into_response();
        }
        ([(header::CONTENT_TYPE, self.kind)], about, self.text).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_all_its_files_and_asks_nobody_else() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
        let mut there: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        let mut known: Vec<&str> = FILES.iter().chain([&PAGE]).map(|file| file.name).collect();
        there.sort();
        known.sort_unstable();
        assert_eq!(known, there);
        for file in FILES.iter().chain([&PAGE]) {
            // The name of an XML namespace is no address that a browser asks.
            let text = file.text.replace("http://www.w3.org/2000/svg", "");
            for word in [
                "http://",
                "https://",
                "//cdn",
                "@import",
                " style=\"",
                "eval(",
                "innerHTML",
                "document.write",
            ] {
                assert!(!text.contains(word), "{}: {word}", file.name);
            }
            for module in
                text.split(" from \"./").skip(1).map(|rest| rest.split('"').next().unwrap_or_default())
            {
                assert!(known.contains(&module), "{}: {module}", file.name);
            }
        }
    }
}
