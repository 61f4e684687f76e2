//! `vesting man`.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Command};

use super::session::Session;

/// `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Write vesting.1, vesting-run.1 and so on into this folder.
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

pub fn run(session: &mut Session, args: &ManArgs, cli: Command) -> anyhow::Result<()> {
    // A page about `vesting help` would be empty.
    let command = cli.disable_help_subcommand(true);
    let Some(folder) = &args.folder else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        return session.out.line(String::from_utf8(page)?.trim_end());
    };
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(command, folder))
        .with_context(|| format!("cannot write the manual into {}", folder.display()))
}
