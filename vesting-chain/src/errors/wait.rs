//! How long an endpoint asks to be left alone, as its error or its HTTP answer says.

use std::time::{Duration, SystemTime};

use serde_json::Value;

/// The longest that an endpoint is left alone at its own request. One that names a longer time is asked again
/// after this one.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// A number without a unit counts as milliseconds from here on: nobody asks for a quarter of an hour in
/// seconds.
const MILLISECONDS_FROM: f64 = 900.0;
/// From here on a number is a time since the Unix epoch.
const EPOCH_FROM: f64 = 1e9;

/// How long the head of an HTTP answer says to wait.
pub(crate) fn in_http_head(head: &[u8], now: SystemTime) -> Option<Duration> {
    let text = String::from_utf8_lossy(head);
    let header = |name: &str| {
        text.lines()
            .find_map(|line| {
                line.split_once(':').filter(|(found, _)| found.trim().eq_ignore_ascii_case(name))
            })
            .map(|(_, value)| {
                // A list names several limits; the first is enough.
                value.split([',', ';']).next().unwrap_or_default().trim().to_owned()
            })
    };
    // RFC 9110 gives Retry-After in seconds. A date in its place is ignored; pauses grow anyway.
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

/// How long the data of a JSON-RPC error say to wait.
pub(crate) fn in_data(data: &Value) -> Option<Duration> {
    let number = |key: &str| {
        let value = data.get(key)?;
        value.as_f64().or_else(|| value.as_str()?.trim().trim_end_matches('s').trim().parse().ok())
    };
    let milliseconds = number("retry_after_ms").or_else(|| number("retryAfterMs"));
    // The other names do not say their unit.
    let unstated = number("retry_after").or_else(|| number("retryAfter"));
    let seconds = milliseconds
        .map(|told| told / 1e3)
        .or_else(|| unstated.map(|told| if told >= MILLISECONDS_FROM { told / 1e3 } else { told }));
    duration(seconds?)
}

/// A number of seconds, capped at [`LONGEST_WAIT`].
fn duration(seconds: f64) -> Option<Duration> {
    (seconds.is_finite() && seconds >= 0.0)
        .then(|| Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT))
}
