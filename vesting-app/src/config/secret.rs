//! A secret token.

/// A token that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub String);

impl From<String> for Token {
    /// Registers the token, so that it is also removed from messages of others.
    fn from(token: String) -> Self {
        vesting_secret::keep(&token);
        Self(token)
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}
