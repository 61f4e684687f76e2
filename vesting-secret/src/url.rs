//! A URL that cannot be printed whole.

use std::fmt;

use percent_encoding::percent_decode_str;

use crate::known::{self, Words, is_like_a_key};
use crate::parts::Parts;
use crate::{Flaw, HIDDEN};

/// The schemes that may be shown, even if the rest of the URL is hidden.
const SCHEMES: [&str; 12] = [
    "ws",
    "wss",
    "http",
    "https",
    "postgres",
    "postgresql",
    "sqlite",
    "mysql",
    "mariadb",
    "ftp",
    "file",
    "redis",
];

/// The options of libpq whose values may be shown.
const SHOWN_OPTIONS: [&str; 43] = [
    "application_name",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "dbname",
    "fallback_application_name",
    "gssdelegation",
    "gssencmode",
    "gsslib",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "load_balance_hosts",
    "max_protocol_version",
    "min_protocol_version",
    "options",
    "passfile",
    "port",
    "replication",
    "require_auth",
    "requirepeer",
    "service",
    "ssl",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcert",
    "sslcertmode",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslkey",
    "sslkeylogfile",
    "sslmode",
    "sslnegotiation",
    "sslrootcert",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// The options of libpq whose values are secrets.
const SECRET_OPTIONS: [&str; 8] = [
    "oauth_client_id",
    "oauth_client_secret",
    "oauth_issuer",
    "oauth_scope",
    "password",
    "scram_client_key",
    "scram_server_key",
    "sslpassword",
];

/// A URL that may hold secrets. It is printed without them. Creating one registers its secrets, so that
/// [`hide`](crate::hide) removes them from other texts.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl {
    text: String,
    shown: String,
    flaw: Option<Flaw>,
}

impl SecretUrl {
    /// Reads a URL. A flawed one is kept too, since its secrets must not be printed either.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into().trim().to_owned();
        let (shown, flaw, words) = look(&text);
        known::learn(words);
        Self { text, shown, flaw }
    }

    /// The whole URL, for connecting. It must not be printed.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The scheme, if there is one.
    #[must_use]
    pub fn scheme(&self) -> Option<&str> {
        self.text.split_once("://").map(|(scheme, _)| scheme)
    }

    /// Checks that the URL can be read in one way only.
    ///
    /// # Errors
    /// The flaw, which says what to write instead and repeats no part of the URL.
    pub fn check(&self) -> Result<(), Flaw> {
        self.flaw.map_or(Ok(()), Err)
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretUrl({})", self.shown)
    }
}

impl<T: Into<String>> From<T> for SecretUrl {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

/// The form of a URL that may be shown, its flaw, and its words.
pub fn look(text: &str) -> (String, Option<Flaw>, Words) {
    match read(text) {
        Ok((shown, words)) => (shown, None, words),
        Err(flaw) => (hidden(text), Some(flaw), suspicious(text)),
    }
}

/// The form of a URL that may be shown, and its secret and public words.
fn read(text: &str) -> Result<(String, Words), Flaw> {
    if text.starts_with(['"', '\'', '`']) || text.ends_with(['"', '\'', '`']) {
        return Err(Flaw::Quotes);
    }
    if matches!(text, "sqlite::memory:" | "sqlite://:memory:") {
        return Ok((text.to_owned(), Words::default()));
    }
    let (scheme, rest) = text.split_once("://").ok_or(Flaw::Scheme)?;
    match scheme {
        "sqlite" => of_file(text, rest),
        "postgres" | "postgresql" => of_server(scheme, &Parts::read(rest)?),
        _ if SCHEMES.contains(&scheme) => of_endpoint(scheme, &Parts::read(rest)?),
        _ => Err(Flaw::Scheme),
    }
}

fn of_file(text: &str, path: &str) -> Result<(String, Words), Flaw> {
    let first = path.split('/').next().unwrap_or_default();
    let is_userinfo = first.split_once(':').is_some_and(|(_, after)| after.contains('@'));
    if is_userinfo || path.contains("password=") {
        Err(Flaw::File)
    } else {
        Ok((text.to_owned(), Words::default()))
    }
}

/// Shows all of the URL but the password and the options that are secrets.
fn of_server(scheme: &str, parts: &Parts<'_>) -> Result<(String, Words), Flaw> {
    let mut words = Words::default();
    let mut shown = format!("{scheme}://");
    let user = parts.user.unwrap_or_default();
    words.show(user);
    shown.push_str(user);
    if let Some(password) = parts.password {
        words.hide(password);
        shown.push(':');
        shown.push_str(HIDDEN);
    }
    if parts.user.is_some() {
        shown.push('@');
    }
    shown.push_str(parts.hosts);
    parts.hosts.split(',').for_each(|host| words.show(host.split(':').next().unwrap_or_default()));
    // libpq would take a fragment for a part of the database's name.
    if parts.fragment.is_some() {
        return Err(Flaw::Character);
    }
    if let Some(path) = parts.path {
        words.show(path);
        shown.push('/');
        shown.push_str(path);
    }
    for (place, (name, value)) in parts.options().enumerate() {
        let is_shown = SHOWN_OPTIONS.contains(&name);
        if !(is_shown || SECRET_OPTIONS.contains(&name)) || value.contains(['=', '?']) {
            return Err(Flaw::Option);
        }
        shown.push(if place == 0 { '?' } else { '&' });
        shown.push_str(name);
        shown.push('=');
        if is_shown {
            words.show(value);
            shown.push_str(value);
        } else {
            words.hide(value);
            shown.push_str(HIDDEN);
        }
    }
    Ok((shown, words))
}

/// Shows the scheme and the host only: some providers put keys into user names, paths or queries.
fn of_endpoint(scheme: &str, parts: &Parts<'_>) -> Result<(String, Words), Flaw> {
    // Only PostgreSQL allows several hosts.
    if parts.hosts.contains(',') {
        return Err(Flaw::Character);
    }
    let mut words = Words::default();
    let mut shown = format!("{scheme}://");
    if parts.user.is_some() {
        shown.push_str(HIDDEN);
        shown.push('@');
    }
    shown.push_str(parts.hosts);
    words.show(parts.hosts.split(':').next().unwrap_or_default());
    [parts.user, parts.password, parts.fragment].into_iter().flatten().for_each(|secret| words.hide(secret));
    if let Some(path) = parts.path {
        words.hide(path);
        // A plain word such as `rpc` or `archive` is not a key, and hiding it would spoil many texts.
        path.split('/').filter(|segment| is_like_a_key(segment)).for_each(|segment| words.hide(segment));
    }
    if let Some(query) = parts.query {
        words.hide(query);
        parts
            .options()
            .map(|(_, value)| value)
            .filter(|value| is_like_a_key(value))
            .for_each(|value| words.hide(value));
        parts
            .options()
            .map(|(name, _)| name)
            .filter(|name| is_like_a_key(name))
            .for_each(|name| words.hide(name));
    }
    let hides =
        parts.path.is_some_and(|path| !path.is_empty()) || parts.query.is_some() || parts.fragment.is_some();
    match (hides, parts.path) {
        (true, _) => {
            shown.push('/');
            shown.push_str(HIDDEN);
        }
        (false, Some(_)) => shown.push('/'),
        (false, None) => {}
    }
    Ok((shown, words))
}

/// The form of an unreadable URL that may be shown: its scheme, if that is known.
fn hidden(text: &str) -> String {
    match text.split_once("://") {
        Some((scheme, _)) if SCHEMES.contains(&scheme) => format!("{scheme}://{HIDDEN}"),
        _ => HIDDEN.to_owned(),
    }
}

/// The words of an unreadable URL that may be secrets.
pub fn suspicious(text: &str) -> Words {
    let mut words = Words::default();
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    words.hide(rest);
    // The text before the last `@` may be a user name and a password.
    if let Some((userinfo, _)) = rest.rsplit_once('@') {
        let password = userinfo.split_once(':').map_or(userinfo, |(_, password)| password);
        words.hide(password);
        password.split(DELIMITERS).for_each(|part| words.hide(part));
    }
    // Passwords and keys in options, or in libpq's form `name=value name=value`.
    for name in ["password=", "password =", "pass=", "pwd=", "key=", "token=", "secret="] {
        for (place, _) in rest.match_indices(name) {
            let value = rest
                .get(place.saturating_add(name.len())..)
                .unwrap_or_default()
                .trim_start()
                .trim_start_matches(['\'', '"']);
            words.hide(value.split(['&', ' ', '\'', '"', ';']).next().unwrap_or_default());
        }
    }
    rest.split(DELIMITERS).filter(|part| is_like_a_key(part)).for_each(|part| words.hide(part));
    words
}

const DELIMITERS: [char; 15] = ['/', '?', '#', '@', ':', '&', '=', ',', ';', ' ', '\'', '"', '`', '%', '\\'];

impl Words {
    /// Adds a secret, as it is written and percent-decoded.
    pub fn hide(&mut self, written: &str) {
        self.secrets.push(written.to_owned());
        let decoded = percent_decode_str(written).decode_utf8_lossy();
        if decoded != written {
            self.secrets.push(decoded.into_owned());
        }
    }

    /// Adds a public word, as it is written and percent-decoded.
    pub fn show(&mut self, written: &str) {
        self.public.push(written.to_owned());
        let decoded = percent_decode_str(written).decode_utf8_lossy();
        if decoded != written {
            self.public.push(decoded.into_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_secrets() {
        for (url, shown) in [
            ("postgres://me:hunter2@host:5432/vesting", "postgres://me:***@host:5432/vesting"),
            ("postgresql://me@[::1]:5432,other/vesting", "postgresql://me@[::1]:5432,other/vesting"),
            (
                "postgres://%2Fvar%2Frun/x?sslmode=require&password=hunter2",
                "postgres://%2Fvar%2Frun/x?sslmode=require&password=***",
            ),
            ("postgres://host/x?sslpassword=hunter2", "postgres://host/x?sslpassword=***"),
            (
                "postgres:///x?user=me&options=-csearch_path%3Dmine",
                "postgres:///x?user=me&options=-csearch_path%3Dmine",
            ),
            (
                "wss://ali%40ce:p%3Aw%2Fd%25@node.example.org:443/key123?x=1",
                "wss://***@node.example.org:443/***",
            ),
            ("ws://127.0.0.1:9944/", "ws://127.0.0.1:9944/"),
            ("wss://node.example.org?key=hunter2", "wss://node.example.org/***"),
            ("wss://node.example.org/#hunter2", "wss://node.example.org/***"),
            ("https://user:hunter2@node.example.org/hunter2", "https://***@node.example.org/***"),
            ("sqlite:///var/lib/a b?c@d:e%.db", "sqlite:///var/lib/a b?c@d:e%.db"),
            ("sqlite::memory:", "sqlite::memory:"),
        ] {
            let url = SecretUrl::new(url);
            assert_eq!((url.to_string().as_str(), url.check()), (shown, Ok(())));
            assert_eq!(format!("{url:?}"), format!("SecretUrl({shown})"));
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused_and_not_shown() {
        for (url, flaw, shown) in [
            ("postgres://me:hun?ter2@host/vesting", Flaw::Character, "postgres://***"),
            ("postgres://me:hun@ter2@host/vesting", Flaw::Character, "postgres://***"),
            ("postgres://me:hun/ter2@host/vesting", Flaw::Character, "postgres://***"),
            ("postgres://me:hun#ter2@host/vesting", Flaw::Character, "postgres://***"),
            ("postgres://me:hun ter2@host/vesting", Flaw::Character, "postgres://***"),
            ("postgres://me:hun\\ter2@host/vesting", Flaw::Character, "postgres://***"),
            ("postgres://me:hünter2@host/vesting", Flaw::Character, "postgres://***"),
            ("postgres://me:hun%ter2@host/vesting", Flaw::Character, "postgres://***"),
            ("postgres://me:hun%00ter2@host/vesting", Flaw::Character, "postgres://***"),
            ("postgres://me:hun%2", Flaw::Port, "postgres://***"),
            ("postgres://me:hunter2", Flaw::Port, "postgres://***"),
            ("postgres://me:hunter2/host", Flaw::Port, "postgres://***"),
            ("postgres://host/vesting#hunter2", Flaw::Character, "postgres://***"),
            ("postgres://host/vesting?hunter2", Flaw::Option, "postgres://***"),
            ("postgres://host/vesting?hunter=2", Flaw::Option, "postgres://***"),
            ("postgres://host/vesting?password=hun=ter2", Flaw::Option, "postgres://***"),
            ("postgres://host/vesting?password=hun?ter2", Flaw::Option, "postgres://***"),
            ("\"postgres://me:hunter2@host/vesting\"", Flaw::Quotes, "***"),
            ("host=host password=hunter2", Flaw::Scheme, "***"),
            ("postgre://me:hunter2@host/vesting", Flaw::Scheme, "***"),
            ("postgres:me:hunter2@host/vesting", Flaw::Scheme, "***"),
            ("hunter2", Flaw::Scheme, "***"),
            ("wss://me:hun/ter2@host", Flaw::Character, "wss://***"),
            ("wss://me:hun\\ter2@host", Flaw::Character, "wss://***"),
            ("wss://me:hunter2", Flaw::Port, "wss://***"),
            ("wss://a:1,b:2/hunter2", Flaw::Character, "wss://***"),
            ("wss://host:443x/hunter2", Flaw::Port, "wss://***"),
            ("sqlite://me:hunter2@host/vesting", Flaw::File, "sqlite://***"),
        ] {
            let read = SecretUrl::new(url);
            assert_eq!((read.check(), read.to_string().as_str()), (Err(flaw), shown), "{url}");
            let said = format!("{flaw} {read:?} {read}");
            assert!(!["hun", "ter2", "hün"].iter().any(|part| said.contains(part)), "{said}");
            // A text that repeats the URL does not show the secret either.
            let repeated = crate::hide(&format!("cannot use {url}: sorry")).into_owned();
            assert!(!["hunter2", "ter2@"].iter().any(|part| repeated.contains(part)), "{url}: {repeated}");
        }
    }
}
