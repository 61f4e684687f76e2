//! The binary `vesting`: wires the chain, the store and the core, and talks to people.

mod api;
mod chart;
mod cli;
mod client;
mod clock;
mod commands;
mod config;
mod dispatch;
mod exit;
mod failure;
mod following;
mod late;
mod log;
mod metrics;
mod notify;
mod output;
mod pruner;
mod secrets;
mod shared;
mod signal;
mod state;
mod task;
mod view;
mod wiring;
mod witnesses;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use exit::SilentExit;
// `crate::UsageError` is how `api` names it.
use exit::UsageError;

/// As long threads that block are waited for at the end. With what requests to the API are given it is less
/// than 2 s.
const ENDING: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    secrets::register(std::env::args_os(), std::env::vars_os());
    std::panic::set_hook(Box::new(log::log_panic));
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
    let done = runtime.block_on(dispatch::run(cli));
    // What hangs in a driver or a node must not hold up the end.
    runtime.shutdown_timeout(ENDING);
    let Err(error) = done else { return ExitCode::SUCCESS };
    let code = exit::code_of(&error);
    if code != 0 && !error.is::<SilentExit>() {
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
