//! What an error of a node means. Only four answers speak about the chain: a result, a state or block that is
//! not there, a method that does not exist, and a runtime call that failed. Everything else passes.

use std::time::{Duration, SystemTime};

use jsonrpsee::client_transport::ws::{WsError, WsHandshakeError};
use jsonrpsee::core::client::Error as ClientError;
use serde_json::Value;
use subxt::rpcs::{Error as RpcError, UserError};
use vesting_secret::hide;

/// The longest that an endpoint is left alone on its own word; whoever says longer is asked again then.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// From here on a number without a unit is taken for milliseconds: nobody asks for a quarter of an hour in
/// seconds.
const MILLISECONDS_FROM: f64 = 900.0;
/// From here on it is a time of the Unix epoch.
const EPOCH_FROM: f64 = 1e9;

/// JSON-RPC's own code for a method that is not there.
const NO_SUCH_METHOD: i32 = -32_601;
/// Substrate's code for an error of its client.
const CLIENT_ERROR: i32 = 4_003;
/// JSON-RPC's code for any error of a server, also of older Substrate nodes.
const SERVER_ERROR: i32 = -32_000;
/// A gateway's policy.
const POLICY: [i32; 2] = [-32_004, -32_005];
/// Substrate nodes: too many calls. jsonrpsee servers: too much at once, and an answer that is too large.
const TOO_MUCH: [i32; 6] = [-32_999, -32_005, -32_004, -32_008, -32_009, -32_029];
/// WebSocket's code for a connection that was closed for a policy.
const CLOSED_BY_POLICY: u16 = 1_008;

/// An endpoint does not want to be asked so much.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) words: String,
    /// How long it wants to be left alone, where it says so.
    pub(crate) wait: Option<Duration>,
    /// Whether that is the policy of whoever runs it, so that a host of the same family is no way out.
    pub(crate) policy: bool,
    /// Whether the connection went with it.
    pub(crate) closed: bool,
}

/// What an error means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    /// The code of that state does not know the call, or fails in it.
    Unsupported(String),
    /// The node does not have the state or the block: it is gone, or not there yet.
    Lacks {
        /// Whether it says that it was there.
        discarded: bool,
        words: String,
    },
    /// Asked for less, later or elsewhere, it may go well.
    Refused(Refusal),
    /// The node answered with an error that says nothing about the chain.
    Failed(String),
    /// The connection is no good.
    Broken(String),
    /// The answer cannot be understood.
    Nonsense(String),
}

/// What an error of a call means.
pub(crate) fn judge(error: &RpcError) -> Verdict {
    without_secrets(meant(error))
}

/// The same without what a node may have repeated of what it was told.
fn without_secrets(verdict: Verdict) -> Verdict {
    let hidden = |words: String| hide(&words).into_owned();
    match verdict {
        Verdict::Unsupported(words) => Verdict::Unsupported(hidden(words)),
        Verdict::Lacks { discarded, words } => Verdict::Lacks { discarded, words: hidden(words) },
        Verdict::Refused(refusal) => Verdict::Refused(Refusal { words: hidden(refusal.words), ..refusal }),
        Verdict::Failed(words) => Verdict::Failed(hidden(words)),
        Verdict::Broken(words) => Verdict::Broken(hidden(words)),
        Verdict::Nonsense(words) => Verdict::Nonsense(hidden(words)),
    }
}

fn meant(error: &RpcError) -> Verdict {
    match error {
        RpcError::User(error) => answered(error),
        RpcError::Deserialization(why) => Verdict::Nonsense(why.to_string()),
        RpcError::Client(cause) => match cause.downcast_ref::<ClientError>() {
            Some(error) => client(error),
            None => Verdict::Broken(words(error)),
        },
        other => Verdict::Broken(words(other)),
    }
}

fn answered(error: &UserError) -> Verdict {
    let said = error.message.to_lowercase();
    let words = format!("{} ({})", error.message, error.code);
    let data = error.data.as_ref().and_then(|data| serde_json::from_str::<Value>(data.get()).ok());
    let wait = data.as_ref().and_then(wait);
    let told = data.as_ref().is_some_and(speaks_of_policy);
    let rate = ["rate limit", "ratelimit", "too many requests"].iter().any(|word| said.contains(word));
    let http = error.code == 429 || said.split(|c: char| !c.is_alphanumeric()).any(|word| word == "429");
    if POLICY.contains(&error.code) && (told || rate || http) {
        return Verdict::Refused(Refusal { words, wait, policy: true, closed: false });
    }
    if error.code == NO_SUCH_METHOD {
        return Verdict::Unsupported(words);
    }
    if [CLIENT_ERROR, SERVER_ERROR].contains(&error.code) {
        if said.contains("execution failed") {
            return Verdict::Unsupported(words);
        }
        // Substrate tells both with one code, in every version with other words: here a node offers nothing
        // better than its text. The block's age decides what is made of it, the words alone never do.
        let discarded = said.contains("discarded");
        if discarded
            || ["unknownblock", "unknown block", "header was not found"]
                .iter()
                .any(|word| said.contains(word))
        {
            return Verdict::Lacks { discarded, words };
        }
    }
    if http || rate || wait.is_some() || TOO_MUCH.contains(&error.code) {
        return Verdict::Refused(Refusal { words, wait, policy: http, closed: false });
    }
    Verdict::Failed(words)
}

fn client(error: &ClientError) -> Verdict {
    match error {
        ClientError::RestartNeeded(inner) => client(inner),
        ClientError::Transport(cause) => {
            if let Some(WsError::Closed(reason)) = cause.downcast_ref::<WsError>() {
                let why = reason
                    .descr
                    .as_deref()
                    .filter(|why| !why.is_empty())
                    .map_or_else(String::new, |why| format!(": {why}"));
                let words = format!("it closed the connection with code {}{why}", reason.code);
                if reason.code == CLOSED_BY_POLICY {
                    return Verdict::Refused(Refusal { words, wait: None, policy: true, closed: true });
                }
                return Verdict::Broken(words);
            }
            Verdict::Broken(words(error))
        }
        ClientError::ParseError(why) => Verdict::Nonsense(why.to_string()),
        other => Verdict::Broken(words(other)),
    }
}

/// What a failed handshake means; `head` is the head of the answer, as far as it was heard.
pub(crate) fn handshake(error: &WsHandshakeError, head: &[u8], now: SystemTime) -> Verdict {
    match error {
        WsHandshakeError::Rejected { status_code: status @ (403 | 429 | 503) } => Verdict::Refused(Refusal {
            words: format!("it refuses the connection with HTTP status {status}"),
            wait: retry_after(head, now),
            policy: *status != 503,
            closed: true,
        }),
        other => Verdict::Broken(words(other)),
    }
}

/// How long the head of an HTTP answer says to wait.
fn retry_after(head: &[u8], now: SystemTime) -> Option<Duration> {
    let text = String::from_utf8_lossy(head);
    let header = |name: &str| {
        text.lines()
            .find_map(|line| {
                line.split_once(':').filter(|(found, _)| found.trim().eq_ignore_ascii_case(name))
            })
            .map(|(_, value)| {
                // Whoever names several limits lists them; the first is enough.
                value.split([',', ';']).next().unwrap_or_default().trim().to_owned()
            })
    };
    // Retry-After has its unit from RFC 9110: seconds. A date there is left to growing pauses.
    if let Some(seconds) = header("retry-after").and_then(|value| value.parse::<f64>().ok()) {
        return duration(seconds);
    }
    let reset = header("x-ratelimit-reset")?.parse::<f64>().ok()?;
    if reset >= EPOCH_FROM {
        let since = now.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs_f64();
        return duration((if reset >= EPOCH_FROM * 1e3 { reset / 1e3 } else { reset }) - since);
    }
    duration(reset)
}

/// Whether the data of an error are those of a policy.
fn speaks_of_policy(data: &Value) -> bool {
    ["policy", "reason", "retry_after", "retryAfter", "retry_after_ms", "retryAfterMs"]
        .iter()
        .any(|key| data.get(key).is_some())
}

/// How long the data of an error say to wait.
fn wait(data: &Value) -> Option<Duration> {
    let number = |key: &str| {
        let value = data.get(key)?;
        value.as_f64().or_else(|| value.as_str()?.trim().trim_end_matches('s').trim().parse().ok())
    };
    let milliseconds = number("retry_after_ms").or_else(|| number("retryAfterMs"));
    // Nobody says what unit the others have.
    let unstated = number("retry_after").or_else(|| number("retryAfter"));
    let seconds = milliseconds
        .map(|told| told / 1e3)
        .or_else(|| unstated.map(|told| if told >= MILLISECONDS_FROM { told / 1e3 } else { told }));
    duration(seconds?)
}

/// So many seconds, at most as long as an endpoint is left alone.
fn duration(seconds: f64) -> Option<Duration> {
    (seconds.is_finite() && seconds >= 0.0)
        .then(|| Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT))
}

/// An error with its causes, without secrets.
pub(crate) fn words(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    hide(&text).into_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // tests
mod tests {
    use super::*;

    fn told(code: i32, message: &str, data: Option<&str>) -> Verdict {
        let data = data.map(|data| serde_json::value::RawValue::from_string(data.to_owned()).unwrap());
        judge(&RpcError::User(UserError { code, message: message.to_owned(), data }))
    }

    #[test]
    fn only_four_answers_speak_about_the_chain() {
        for (code, message) in [
            (-32_601, "Method not found"),
            (-32_000, "Client error: Execution failed: trap"),
            (4_003, "Execution failed"),
        ] {
            assert!(matches!(told(code, message, None), Verdict::Unsupported(_)), "{code} {message}");
        }
        for (code, message, gone) in [
            (4_003, "Client error: UnknownBlock: State already discarded for 0x12", true),
            (-32_000, "State already discarded for 0x12", true),
            (4_003, "Client error: UnknownBlock: Header was not found in the database: 0x12", false),
            (-32_000, "unknown block", false),
        ] {
            assert!(
                matches!(told(code, message, None), Verdict::Lacks { discarded, .. } if discarded == gone),
                "{code} {message}"
            );
        }
        for (code, message) in [
            (-32_000, "x"),
            (-32_000, "backend unavailable"),
            (4_003, "Client error: database is locked"),
            (-32_603, "Internal error"),
            (-32_602, "Invalid params"),
            (-32_010, "State already discarded"),
            (-32_000, "no block 0x4294290000"),
        ] {
            assert!(matches!(told(code, message, None), Verdict::Failed(_)), "{code} {message}");
        }
        for (code, message) in
            [(-32_004, "x"), (-32_005, "x"), (-32_008, "x"), (-32_009, "x"), (-32_999, "Too many requests")]
        {
            assert!(
                matches!(
                    told(code, message, None),
                    Verdict::Refused(Refusal { wait: None, policy: false, .. })
                ),
                "{code} {message}"
            );
        }
        for (code, message, data) in [
            (-32_004, "storage work rate limit exceeded", None),
            (-32_005, "x", Some(r#"{"reason":"plan"}"#)),
            (-32_004, "x", Some(r#"{"policy":"p"}"#)),
            (429, "x", None),
            (-32_000, "429 Too Many Requests", None),
        ] {
            assert!(
                matches!(
                    told(code, message, data),
                    Verdict::Refused(Refusal { wait: None, policy: true, .. })
                ),
                "{code} {message}"
            );
        }
    }

    #[test]
    fn a_wait_is_read_in_every_form_and_capped() {
        for (data, milliseconds) in [
            (r#"{"retry_after":2}"#, 2_000),
            (r#"{"retryAfter":0.5}"#, 500),
            (r#"{"retry_after":"3"}"#, 3_000),
            (r#"{"retry_after":1500}"#, 1_500),
            (r#"{"retry_after_ms":20}"#, 20),
            (r#"{"retryAfterMs":2000,"retry_after":9}"#, 2_000),
            (r#"{"retryAfterMs":99999999999}"#, 900_000),
        ] {
            let Verdict::Refused(refusal) = told(-32_004, "x", Some(data)) else { panic!("{data}") };
            assert_eq!(
                (refusal.wait, refusal.policy),
                (Some(Duration::from_millis(milliseconds)), true),
                "{data}"
            );
        }
        for data in [r#"{"retry_after":-1}"#, r#"{"retry_after":"soon"}"#, r#"{"retry_after":null}"#] {
            assert!(
                matches!(told(-32_004, "x", Some(data)), Verdict::Refused(Refusal { wait: None, .. })),
                "{data}"
            );
        }
    }

    #[test]
    fn the_head_of_a_refused_handshake_tells_how_long_to_wait() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000);
        let of = |status, head: &str| match handshake(
            &WsHandshakeError::Rejected { status_code: status },
            head.as_bytes(),
            now,
        ) {
            Verdict::Refused(refusal) => (refusal.wait.map(|wait| wait.as_secs()), refusal.policy),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            of(429, "HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nX-RateLimit-Reset: 9\r\n\r\n"),
            (Some(7), true)
        );
        assert_eq!(of(403, "HTTP/1.1 403 No\r\nx-ratelimit-reset: 9, 30\r\n"), (Some(9), true));
        assert_eq!(of(429, "HTTP/1.1 429\r\nx-ratelimit-reset: 2000000012\r\n"), (Some(12), true));
        assert_eq!(
            of(503, "HTTP/1.1 503 Busy\r\nRetry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\n"),
            (None, false)
        );
        assert!(matches!(
            handshake(&WsHandshakeError::Rejected { status_code: 500 }, b"", now),
            Verdict::Broken(_)
        ));
    }
}
