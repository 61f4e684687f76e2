//! The binary `vesting`: wires the chain, the store and the core, and talks to people.

mod api;
mod chart;
mod cli;
mod client;
mod clock;
mod commands;
mod config;
mod following;
mod late;
mod log;
mod metrics;
mod notify;
mod output;
mod pruner;
mod secrets;
mod shared;
mod state;
mod task;
mod view;
mod wiring;
mod witnesses;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

/// As long threads that block are waited for at the end. With what requests to the API are given it is less
/// than 2 s.
const ENDING: Duration = Duration::from_millis(500);

/// A mistake in how the program was called or configured: exit code 2.
#[derive(Debug)]
pub struct UsageError(pub String);

impl std::fmt::Display for UsageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// What is wrong was told: this exit code without another word.
#[derive(Debug)]
pub struct Ended(pub u8);

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit code {}", self.0)
    }
}

impl std::error::Error for Ended {}

/// The exit code that an error means.
pub fn code(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<Ended>() {
        Some(Ended(code)) => *code,
        None if error.is::<UsageError>() => 2,
        // The reader of a pipe has gone: it has what it wanted.
        None if is_broken_pipe(error) => 0,
        None => 1,
    }
}

fn main() -> ExitCode {
    secrets::know(std::env::args_os(), std::env::vars_os());
    std::panic::set_hook(Box::new(log::panicked));
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::say(format!("error: the system gives no threads or sockets: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let done = runtime.block_on(commands::run(cli));
    // What hangs in a driver or a node must not hold up the end.
    runtime.shutdown_timeout(ENDING);
    let Err(error) = done else { return ExitCode::SUCCESS };
    let code = code(&error);
    if code != 0 && !error.is::<Ended>() {
        output::say(format!("error: {error:#}"));
    }
    ExitCode::from(code)
}

/// Tells what is wrong with the command line, or helps; what was written there may be a secret in the wrong
/// place.
fn refuse(error: &clap::Error) -> ExitCode {
    let words = error.to_string();
    if error.use_stderr() && vesting_secret::is_in(&words) {
        output::say(words.trim_end());
    } else {
        // A reader that has gone needs no help.
        let _ = error.print();
    }
    u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
