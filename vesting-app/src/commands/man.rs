//! `vesting man`.

use anyhow::Context;
use clap::CommandFactory;

use super::Session;
use crate::cli::{Cli, ManArgs};

pub fn run(session: &mut Session, args: &ManArgs) -> anyhow::Result<()> {
    // A page about `vesting help` would say nothing.
    let command = Cli::command().disable_help_subcommand(true);
    let Some(folder) = &args.folder else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        return session.out.line(String::from_utf8(page)?.trim_end());
    };
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(command, folder))
        .with_context(|| format!("cannot write the manual into {}", folder.display()))
}
