//! How the program ends: the errors that decide its exit code.
//!
//! Takes from nothing here.

use std::fmt;
use std::io::{self, ErrorKind};

/// The program was called or configured wrongly: exit code 2.
#[derive(Debug)]
pub struct UsageError(pub String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// End with this exit code and no further message: what is wrong was already printed.
#[derive(Debug)]
pub struct SilentExit(pub u8);

impl fmt::Display for SilentExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit code {}", self.0)
    }
}

impl std::error::Error for SilentExit {}

/// The exit code that an error means.
pub fn code_of(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<SilentExit>() {
        Some(SilentExit(code)) => *code,
        None if error.is::<UsageError>() => 2,
        // The reader of the pipe has closed it: it has what it wanted.
        None if is_broken_pipe(error) => 0,
        None => 1,
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == ErrorKind::BrokenPipe))
}
