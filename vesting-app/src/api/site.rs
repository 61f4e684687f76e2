//! Which site's page a request comes from: a browser sends requests to this host for any site that is open in
//! it.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use super::state::ApiState;

/// Refuses requests that come from another site's page.
///
/// On loopback without a token, everybody who reaches the port may read everything. A site can point its own
/// name at this host (DNS rebinding), and read through its visitor's browser. Such requests name the site as
/// `Host`. A request that does more than read must not come from another origin, whatever the configuration.
pub async fn check(State(api): State<Arc<ApiState>>, request: Request, next: Next) -> Response {
    let open = api.config.api_token.is_none() && api.config.bind.ip().is_loopback();
    match check_names(open, request.method(), request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn check_names(open: bool, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    let host = match uri.authority() {
        Some(authority) => Some(authority.clone()),
        None => headers.get(header::HOST).map(|host| authority(host, "Host")).transpose()?,
    };
    // Every browser sends `Host`, so a request without it is from a program.
    if let Some(host) = host.as_ref().filter(|_| open)
        && !is_this_host(host.host())
    {
        return Err(Problem::other_site(
            "Host",
            format!(
                "it is `{}`, but without a token this is told as localhost or 127.0.0.1 only: ask for one \
                of these, or set `api_token`",
                shown(host.as_str())
            ),
        ));
    }
    if method.is_safe() {
        return Ok(());
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let from = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, from)| from);
    match (from, &host) {
        (Some(from), Some(host)) if from.eq_ignore_ascii_case(host.as_str()) => Ok(()),
        _ => {
            let origin = shown(&String::from_utf8_lossy(origin.as_bytes()));
            Err(Problem::other_site(
                "Origin",
                format!("it is `{origin}`, but only a page from here may ask for this"),
            ))
        }
    }
}

fn authority(value: &HeaderValue, header: &'static str) -> Result<Authority, Problem> {
    let wrong = || Problem::bad_input(header, "it is no name of a host with or without a port");
    Authority::try_from(value.as_bytes()).map_err(|_| wrong())
}

fn is_this_host(name: &str) -> bool {
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(open: bool, method: &Method, headers: &[(header::HeaderName, &str)]) -> Result<(), String> {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()))
            .collect();
        check_names(open, method, &Uri::from_static("/v1/stats"), &headers)
            .map_err(|problem| problem.status().to_string())
    }

    #[test]
    fn without_a_token_loopback_is_asked_by_its_own_names_only() {
        for host in [
            "localhost",
            "LOCALHOST:9180",
            "127.0.0.1",
            "127.0.0.1:9180",
            "127.1.2.3:80",
            "[::1]",
            "[::1]:9180",
            "[::ffff:127.0.0.1]:1",
        ] {
            assert_eq!(checked(true, &Method::GET, &[(header::HOST, host)]), Ok(()), "{host}");
        }
        let others = [
            "evil.example",
            "evil.example:9180",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1:9180",
            "0.0.0.0:9180",
            "[2001:db8::1]:9180",
            "2130706433",
        ];
        for host in others {
            assert_eq!(
                checked(true, &Method::GET, &[(header::HOST, host)]),
                Err("403 Forbidden".to_owned()),
                "{host}"
            );
            assert_eq!(checked(false, &Method::GET, &[(header::HOST, host)]), Ok(()), "{host}");
        }
        assert_eq!(checked(true, &Method::GET, &[]), Ok(()));
        assert_eq!(checked(true, &Method::GET, &[(header::HOST, "a b")]), Err("400 Bad Request".to_owned()));
        let absolute = check_names(
            true,
            &Method::GET,
            &Uri::from_static("http://evil.example/v1/stats"),
            &HeaderMap::new(),
        );
        assert!(absolute.is_err(), "where the request names it");
    }

    #[test]
    fn only_a_page_from_here_may_do_more_than_read() {
        let ask = |method: &Method, origin: &str| {
            checked(false, method, &[(header::HOST, "vesting.example:9180"), (header::ORIGIN, origin)])
        };
        for origin in ["http://vesting.example:9180", "https://VESTING.example:9180"] {
            assert_eq!(ask(&Method::POST, origin), Ok(()), "{origin}");
        }
        for origin in [
            "http://evil.example",
            "http://vesting.example",
            "null",
            "",
            "vesting.example:9180",
            "http://vesting.example:9180.evil.example",
        ] {
            assert_eq!(ask(&Method::POST, origin), Err("403 Forbidden".to_owned()), "{origin}");
            assert_eq!(ask(&Method::GET, origin), Ok(()), "{origin}");
        }
        assert_eq!(
            checked(false, &Method::POST, &[(header::ORIGIN, "http://evil.example")]),
            Err("403 Forbidden".to_owned())
        );
        assert_eq!(
            checked(false, &Method::POST, &[(header::HOST, "vesting.example")]),
            Ok(()),
            "no browser asks"
        );
    }
}
