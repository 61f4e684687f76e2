//! The format of the log.

use std::io::IsTerminal;

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
