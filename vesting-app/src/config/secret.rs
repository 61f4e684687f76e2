//! A token, which must not be seen.

/// A token, kept out of what is printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub String);

impl From<String> for Token {
    /// From now on it is taken out of what others say, too.
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
