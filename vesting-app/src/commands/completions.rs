//! `vesting completions`.

use clap::{Args, Command};

use super::session::Session;

pub const EXAMPLES: &str = "Examples:
  vesting completions bash > ~/.local/share/bash-completion/completions/vesting
  vesting completions fish > ~/.config/fish/completions/vesting.fish";

/// `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

pub fn run(session: &mut Session, args: &CompletionsArgs, mut cli: Command) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut cli, "vesting", &mut script);
    session.out.line(String::from_utf8(script)?.trim_end())
}
