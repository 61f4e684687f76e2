//! The binary `vesting`: wires the chain, the store and the core, and talks to people.
//!
//! # Streets
//!
//! Each takes from those above it only.
//!
//! | street | what is there |
//! |---|---|
//! | `exit` | the errors that decide the exit code |
//! | `advice` | what to do about an error of the core |
//! | `failure` | what an error means for the next attempt |
//! | `clock` | this machine's clock, for the age of blocks only |
//! | `signal` | the signals that end the program |
//! | `task` | tasks that end when their handle is dropped |
//! | `secrets` | secrets in the arguments and variables |
//! | `output` | what people and programs read |
//! | `log` | the log, and what a panic says |
//! | `config` | the settings, from all their layers |
//! | `client` | a client of another validator's API |
//! | `witnesses` | what each endpoint says of a record's last block |
//! | `late` | a store that is opened later |
//! | `shared` | one chain, read by several subnets |
//! | `pruner` | pruning of records |
//! | `wiring` | chain, store and core, put together as configured |
//! | `state` | the state of the daemon |
//! | `metrics` | that state, for Prometheus |
//! | `notify` | that state, for the service manager |
//! | `following` | one follower a subnet |
//! | `view` | what commands print as JSON and the API answers |
//! | `chart` | charts as SVG |
//! | `api` | the HTTP API and the page |
//! | `commands` | the commands, with their arguments |
//! | `cli` | the command line: all commands |
//! | `help` | what the help of each command shows |
//! | `dispatch` | runs the command that was named |

mod advice;
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
mod help;
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

use advice::Advised;
use exit::SilentExit;

/// How long the runtime waits for blocking threads at the end. Together with the time that API requests are
/// given it stays below 2 s.
const ENDING: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    secrets::register(std::env::args_os(), std::env::vars_os());
    std::panic::set_hook(Box::new(log::log_panic));
    let cli = match help::parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::say(format!("error: cannot start threads or sockets: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let done = runtime.block_on(dispatch::run(cli));
    // A driver or a node that hangs must not delay the end.
    runtime.shutdown_timeout(ENDING);
    let Err(error) = done else { return ExitCode::SUCCESS };
    let code = exit::code_of(&error);
    if code != 0 && !error.is::<SilentExit>() {
        output::say(format!("error: {}", error.advised()));
    }
    ExitCode::from(code)
}

/// Prints what is wrong with the command line, or the help. An argument in the wrong place may be a secret.
fn refuse(error: &clap::Error) -> ExitCode {
    let words = error.to_string();
    if error.use_stderr() && vesting_secret::is_in(&words) {
        output::say(words.trim_end());
    } else {
        // If the reader of the pipe is gone, nobody needs the help.
        let _ = error.print();
    }
    u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}
