//! The log, on standard error, so that standard output is the answer alone.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::SystemTime;

/// Who says no more than this, whatever is asked for.
const QUIET: &str = "jsonrpsee-client=info";

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people on a terminal, else for programs.
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

/// Begins to log, from `level` on where `RUST_LOG` says nothing else. Times are RFC 3339, in UTC.
pub fn begin(format: LogFormat, level: &str) {
    let filter = EnvFilter::try_from_env("RUST_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    // It tells of the whole URL it connects to below that level, and a path may hold a key.
    let filter = QUIET.parse().into_iter().fold(filter, EnvFilter::add_directive);
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).with_timer(SystemTime);
    if format.is_json() {
        log.json().flatten_event(true).with_current_span(false).with_span_list(false).init();
    } else {
        log.with_ansi(std::io::stderr().is_terminal()).init();
    }
}
