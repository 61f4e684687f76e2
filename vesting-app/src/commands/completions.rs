//! `vesting completions`.

use clap::CommandFactory;

use super::Session;
use crate::cli::{Cli, CompletionsArgs};

pub fn run(session: &mut Session, args: &CompletionsArgs) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "vesting", &mut script);
    session.out.line(String::from_utf8(script)?.trim_end())
}
