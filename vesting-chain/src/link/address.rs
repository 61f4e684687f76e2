//! The address of an endpoint, as its URL says.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use url::{Host, Url};
use vesting_secret::{SecretUrl, keep};

/// The address of an endpoint.
#[derive(Clone)]
pub(crate) struct Address {
    /// The URL without user name and password, which go into a header.
    pub(crate) url: Url,
    /// The `Authorization` header, made of the user name and password.
    pub(crate) authorization: Option<String>,
    /// Who runs it, as far as the name of its host tells: a policy of one endpoint applies to all of its
    /// provider.
    pub(crate) provider: String,
}

impl Address {
    /// Reads a URL. The error says what to write instead, and contains no secret.
    pub(crate) fn parse(endpoint: &SecretUrl) -> Result<Self, String> {
        let shown = endpoint.to_string();
        let no_url = |why: &dyn std::fmt::Display| {
            format!("the endpoint {shown} is no URL that can be used ({why}): use a ws:// or wss:// URL")
        };
        endpoint.check().map_err(|flaw| no_url(&flaw))?;
        let mut url = Url::parse(endpoint.expose()).map_err(|error| no_url(&error))?;
        let instead = match url.scheme() {
            "ws" | "wss" => None,
            "http" => Some("ws"),
            "https" => Some("wss"),
            _ => {
                return Err(format!("the endpoint {shown} is no WebSocket URL: use a ws:// or wss:// URL"));
            }
        };
        if let Some(scheme) = instead {
            let same = shown.split_once("://").map_or(shown.as_str(), |(_, rest)| rest);
            return Err(format!(
                "the endpoint {shown} is an {}:// URL, and nodes tell of new blocks over WebSocket only: \
                use {scheme}://{same}",
                url.scheme()
            ));
        }
        let Some(host) = url.host() else { return Err(format!("the endpoint {shown} names no host")) };
        let provider = provider(&host);
        let decoded = |part: &str| percent_decode_str(part).collect::<Vec<u8>>();
        let authorization = (!url.username().is_empty() || url.password().is_some()).then(|| {
            let credentials =
                [decoded(url.username()), b":".to_vec(), decoded(url.password().unwrap_or_default())]
                    .concat();
            let credentials = STANDARD.encode(credentials);
            keep(&credentials);
            format!("Basic {credentials}")
        });
        // Neither fails if there is a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        Ok(Self { url, authorization, provider })
    }
}

/// Whether this URL can be the URL of an endpoint. Makes no connection.
///
/// # Errors
/// A text that says what to write instead, without secrets.
pub fn check_endpoint(endpoint: &SecretUrl) -> Result<(), String> {
    Address::parse(endpoint).map(|_| ())
}

/// The registrable domain of a host, or its IP address. Without the list of public suffixes this is a guess:
/// two labels, or three if the last two look like `co.uk`. If the guess takes in too much, more endpoints
/// than necessary are left alone.
fn provider(host: &Host<&str>) -> String {
    let Host::Domain(name) = host else { return host.to_string() };
    let name = name.trim_end_matches('.').to_lowercase();
    let labels: Vec<&str> = name.split('.').collect();
    let wanted = match labels.as_slice() {
        [.., second, last] if last.len() == 2 && second.len() <= 3 => 3,
        _ => 2,
    };
    labels.get(labels.len().saturating_sub(wanted)..).unwrap_or_default().join(".")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // tests
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Address, String> {
        Address::parse(&SecretUrl::new(url))
    }

    #[test]
    fn user_name_and_password_are_decoded_sent_and_never_shown() {
        let address = parse("wss://ali%40ce:p%3Aw%2Fd%25@node.example.org:443/key123?x=1").unwrap();
        let header = address.authorization.unwrap();
        let decoded = STANDARD.decode(header.strip_prefix("Basic ").unwrap()).unwrap();
        assert_eq!(decoded, b"ali@ce:p:w/d%");
        assert_eq!(address.url.as_str(), "wss://node.example.org/key123?x=1");
        // A name alone is sent as well.
        let header = parse("ws://token@127.0.0.1:9944").unwrap().authorization.unwrap();
        assert_eq!(STANDARD.decode(header.strip_prefix("Basic ").unwrap()).unwrap(), b"token:");
        assert_eq!(parse("ws://127.0.0.1:9944").unwrap().authorization, None);
    }

    #[test]
    fn another_scheme_is_refused_with_what_to_use() {
        for (url, word) in [
            ("https://user:hunter2@node.example.org/hunter2", "wss://***@node.example.org/***"),
            ("http://127.0.0.1:9944", "ws://127.0.0.1:9944"),
            ("ftp://x", "ws:// or wss://"),
            ("hunter2", "ws:// or wss://"),
            ("ws://", "no URL"),
        ] {
            let refused = parse(url).err().unwrap();
            assert!(refused.contains(word) && !refused.contains("hunter2"), "{refused}");
        }
    }

    #[test]
    fn hosts_of_one_registrable_domain_have_one_provider() {
        let of = |url: &str| parse(url).unwrap().provider;
        assert_eq!(of("wss://entrypoint-finney.opentensor.ai:443"), of("wss://archive.chain.opentensor.ai"));
        assert_ne!(of("wss://lite.sub.latent.to"), of("wss://lite.chain.opentensor.ai"));
        assert_eq!(of("wss://a.example.co.uk"), "example.co.uk");
        assert_eq!(of("ws://127.0.0.1:9944"), "127.0.0.1");
        assert_eq!(of("ws://localhost:1"), "localhost");
    }
}
