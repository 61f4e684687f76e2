//! The parts of a URL, read strictly. A URL that another program could split differently is refused. So no
//! part of a password is taken for a host name or a port.

use crate::Flaw;

/// The parts of a URL, still percent-encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts<'a> {
    pub user: Option<&'a str>,
    pub password: Option<&'a str>,
    /// The hosts with their ports, separated by commas.
    pub hosts: &'a str,
    /// The path without its leading `/`, or `None` if there is no `/`.
    pub path: Option<&'a str>,
    pub query: Option<&'a str>,
    pub fragment: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// Reads the text after `://`.
    pub fn read(rest: &'a str) -> Result<Self, Flaw> {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let (userinfo, hosts) = match authority.split_once('@') {
            Some((userinfo, hosts)) => (Some(userinfo), hosts),
            None => (None, authority),
        };
        // An `@` further on means that a reserved character ended the password too early.
        if hosts.contains('@') || tail.contains('@') {
            return Err(Flaw::Character);
        }
        let (tail, fragment) = split(tail, '#');
        let (path, query) = split(tail, '?');
        let (user, password) = match userinfo.map(|userinfo| split(userinfo, ':')) {
            Some((user, password)) => (Some(user), password),
            None => (None, None),
        };
        let path = path.strip_prefix('/');
        for part in [user, password, path, query, fragment].into_iter().flatten() {
            check(part)?;
        }
        hosts.split(',').try_for_each(check_host)?;
        Ok(Self { user, password, hosts, path, query, fragment })
    }

    /// The options of the query, each as its name and value.
    pub fn options(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.query
            .into_iter()
            .flat_map(|query| query.split('&'))
            .map(|option| option.split_once('=').unwrap_or((option, "")))
    }
}

/// The text before and after the first separator.
fn split(text: &str, separator: char) -> (&str, Option<&str>) {
    text.split_once(separator).map_or((text, None), |(before, after)| (before, Some(after)))
}

/// Checks a part: only characters that RFC 3986 allows in every part, and only complete percent-encodings.
fn check(part: &str) -> Result<(), Flaw> {
    let mut bytes = part.bytes();
    while let Some(byte) = bytes.next() {
        let fits = match byte {
            b'%' => {
                let (high, low) = (bytes.next(), bytes.next());
                let is_hex = |digit: Option<u8>| digit.is_some_and(|digit| digit.is_ascii_hexdigit());
                is_hex(high) && is_hex(low) && (high, low) != (Some(b'0'), Some(b'0'))
            }
            b'/' | b'?' | b':' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';'
            | b'=' => true,
            other => is_plain(other),
        };
        if !fits {
            return Err(Flaw::Character);
        }
    }
    Ok(())
}

/// Checks a host with its port. For PostgreSQL, the host may be percent-encoded or empty.
fn check_host(host: &str) -> Result<(), Flaw> {
    let (name, port) = match host.strip_prefix('[') {
        Some(six) => {
            let (address, after) = six.split_once(']').ok_or(Flaw::Character)?;
            if !address.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.')) {
                return Err(Flaw::Character);
            }
            ("", if after.is_empty() { None } else { Some(after.strip_prefix(':').ok_or(Flaw::Port)?) })
        }
        None => split(host, ':'),
    };
    if !port.unwrap_or_default().bytes().all(|byte| byte.is_ascii_digit())
        || port.is_some_and(|port| port.len() > 5)
    {
        return Err(Flaw::Port);
    }
    if name.bytes().all(|byte| byte == b'%' || is_plain(byte)) { check(name) } else { Err(Flaw::Character) }
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}
