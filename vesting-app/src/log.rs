//! The log, on standard error, so that standard output is the answer alone.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::SystemTime;

/// Log targets whose level is limited, whatever `RUST_LOG` asks for.
const QUIET: &str = "jsonrpsee-client=info";

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people if standard error is a terminal, else for programs.
    Auto,
    /// For people.
    Human,
    /// For programs: one object a line.
    Json,
}

impl LogFormat {
    pub const ALL: [Self; 3] = [Self::Auto, Self::Human, Self::Json];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Human => "human",
            Self::Json => "json",
        }
    }

    /// Whether programs read it.
    pub fn is_json(self) -> bool {
        self == Self::Json || self == Self::Auto && !std::io::stderr().is_terminal()
    }
}

/// Starts logging at `level` and above, unless `RUST_LOG` says otherwise. Times are RFC 3339, in UTC.
pub fn begin(format: LogFormat, level: &str) {
    let filter = EnvFilter::try_from_env("RUST_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    // Below that level it logs the whole URL that it connects to, and a path may hold a key.
    let filter = QUIET.parse().into_iter().fold(filter, EnvFilter::add_directive);
    let json = format.is_json();
    JSON.store(json, Ordering::Relaxed);
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || SecretFreeStderr { json })
        .with_target(false)
        .with_timer(SystemTime);
    if json {
        log.json().flatten_event(true).with_current_span(false).with_span_list(false).init();
    } else {
        log.with_ansi(std::io::stderr().is_terminal()).init();
    }
}

/// Whether programs read the log.
static JSON: AtomicBool = AtomicBool::new(false);

/// Standard error, from which secrets are removed.
struct SecretFreeStderr {
    json: bool,
}

impl Write for SecretFreeStderr {
    /// Receives a whole event, as the subscriber writes it.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let shown = if self.json { hide_in_json(&text) } else { vesting_secret::hide(&text) };
        io::stderr().write_all(shown.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Removes secrets from a JSON object. Only its texts are changed, so it stays valid JSON.
fn hide_in_json(line: &str) -> Cow<'_, str> {
    if !vesting_secret::is_in(line) {
        return Cow::Borrowed(line);
    }
    let Ok(mut value) = serde_json::from_str::<Value>(line) else { return vesting_secret::hide(line) };
    hide_in(&mut value);
    Cow::Owned(format!("{value}\n"))
}

/// Removes secrets from every text in a value.
pub fn hide_in(value: &mut Value) {
    match value {
        Value::String(text) => *text = vesting_secret::hide(text).into_owned(),
        Value::Array(items) => items.iter_mut().for_each(hide_in),
        Value::Object(fields) => fields.values_mut().for_each(hide_in),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Logs a panic like any other error: where it was and what it said, without secrets.
pub fn log_panic(info: &PanicHookInfo<'_>) {
    let place =
        info.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
    let payload = info.payload();
    let said = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let words = panic_message(said.unwrap_or("it does not say why"), &place);
    let line = if JSON.load(Ordering::Relaxed) {
        json!({ "level": "ERROR", "message": words }).to_string()
    } else {
        words
    };
    // If standard error is gone, there is nowhere else to write.
    let _ = writeln!(io::stderr(), "{line}");
}

fn panic_message(said: &str, place: &str) -> String {
    format!("a mistake in the program{place}, please report it: {}", vesting_secret::hide(said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_gets_into_the_log() {
        vesting_secret::keep("Dingo-88\"x\\y");
        vesting_secret::keep("12345678");
        let event = json!({ "level": "WARN", "message": "me:Dingo-88\"x\\y@host", "head": 12_345_678, "of": ["o-88\"x\\y"] });
        let told: Value = serde_json::from_str(&hide_in_json(&event.to_string())).unwrap();
        assert_eq!(
            told,
            json!({ "level": "WARN", "message": "me:***@host", "head": 12_345_678, "of": ["***"] })
        );
        assert_eq!(hide_in_json("Dingo-88\"x\\y is no object"), "*** is no object");
        let plain = r#"{"message":"nothing"}"#;
        assert_eq!(hide_in_json(plain), plain);
    }

    #[test]
    fn no_secret_gets_into_the_words_of_a_panic() {
        vesting_secret::keep("Potoroo-99-key");
        assert_eq!(
            panic_message("called `Option::unwrap()` on wss://me:Potoroo-99-key@host", " at src/x.rs:7"),
            "a mistake in the program at src/x.rs:7, please report it: called `Option::unwrap()` on wss://me:***@host"
        );
        // The hook itself, as the runtime calls it, writes the same message.
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(log_panic));
        let ended = std::panic::catch_unwind(|| std::panic::panic_any(7));
        std::panic::set_hook(before);
        assert!(ended.is_err());
    }
}
