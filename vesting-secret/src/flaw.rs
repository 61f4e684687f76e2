//! What is wrong with a URL. The texts never repeat the URL.

use std::fmt;

/// What is wrong with a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// It does not begin with a known `scheme://`.
    Scheme,
    /// It is in quotes.
    Quotes,
    /// It has a character, or a `%`, that is not allowed in its place.
    Character,
    /// The text after the host is not a port.
    Port,
    /// An option is not of the form `name=value`, or PostgreSQL does not know it.
    Option,
    /// It has a user or a password, but names a file.
    File,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "it is no URL: it must begin with a scheme, as `wss://…` or `postgres://…`",
            Self::Quotes => "it stands in quotes: leave them out",
            Self::Character => {
                "it holds a character that cannot stand there: in a user name, a password or a key, \
                 percent-encode it \
                 (`@` as `%40`, `/` as `%2F`, `?` as `%3F`, `#` as `%23`, `%` as `%25`, `,` as `%2C`, a \
                 space as `%20`)"
            }
            Self::Port => {
                "what stands after its host and `:` is no port: write `user:password@host`, and in a \
                 password percent-encode \
                 odd characters (`@` as `%40`, `/` as `%2F`, `?` as `%3F`, `#` as `%23`, `%` as `%25`)"
            }
            Self::Option => {
                "what stands after its `?` is not made of options that PostgreSQL knows, as \
                 `sslmode=require&connect_timeout=5`: \
                 in a password or a value percent-encode odd characters (`?` as `%3F`, `&` as `%26`, `=` as \
                 `%3D`, `%` as `%25`)"
            }
            Self::File => "`sqlite://` names a file, which has no user and no password",
        })
    }
}

impl std::error::Error for Flaw {}
