//! The start of the log, on standard error, so that standard output is the answer alone.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::SystemTime;

use super::format::LogFormat;
use super::hidden::SecretFreeStderr;

/// Log targets whose level is limited, whatever `RUST_LOG` asks for.
const QUIET: &str = "jsonrpsee-client=info";

/// Whether programs read the log.
static JSON: AtomicBool = AtomicBool::new(false);

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
pub fn is_json() -> bool {
    JSON.load(Ordering::Relaxed)
}
