//! What must not be seen.

/// What stands in its place.
pub const HIDDEN: &str = "***";

/// A secret, kept out of what is printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// An endpoint as it may be shown: without a password, and without what providers take as a key: everything after
/// the name of the host.
pub fn shown_endpoint(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority.to_owned(), |(_, host)| format!("{HIDDEN}@{host}"));
    if path.is_empty() || path == "/" { format!("{scheme}://{host}{path}") } else { format!("{scheme}://{host}/{HIDDEN}") }
}
