//! The start of the log, on standard error, so that standard output is the answer alone.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::time::SystemTime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::format::LogFormat;
use super::hidden::SecretFreeStderr;

/// What is limited to [`LevelFilter::INFO`], whatever `RUST_LOG` asks for. Below that level it logs the whole
/// URL that it connects to, and a path may hold a key.
const QUIET: &str = "jsonrpsee-client";

/// Whether programs read the log.
static JSON: AtomicBool = AtomicBool::new(false);

/// Starts logging at `level` and above, unless `RUST_LOG` says otherwise. Times are RFC 3339, in UTC.
pub fn begin(format: LogFormat, level: LevelFilter) {
    let asked = std::env::var("RUST_LOG").ok().and_then(|asked| asked.parse::<Targets>().ok());
    let filter = asked.unwrap_or_else(|| Targets::new().with_default(level));
    let quiet = filter.default_level().unwrap_or(LevelFilter::OFF).min(LevelFilter::INFO);
    let filter = filter.with_target(QUIET, quiet);
    let json = format.is_json();
    JSON.store(json, Ordering::Relaxed);
    let log = tracing_subscriber::fmt::layer()
        .with_writer(move || SecretFreeStderr { json })
        .with_target(false)
        .with_timer(SystemTime);
    let begun = tracing_subscriber::registry().with(filter);
    if json {
        begun.with(log.json().flatten_event(true).with_current_span(false).with_span_list(false)).init();
    } else {
        begun.with(log.with_ansi(std::io::stderr().is_terminal())).init();
    }
}

/// Whether programs read the log.
pub fn is_json() -> bool {
    JSON.load(Ordering::Relaxed)
}
