//! `vesting db export`.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde::Serialize;
use vesting_core::Parts;
use vesting_store::export::Writer;

use super::chosen::chosen;
use crate::commands::session::Session;

/// `db export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The file, as in subnet-2.vesting.zst.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Overwrite an existing file.
    #[arg(long)]
    pub force: bool,
}

#[derive(Serialize)]
struct Exported {
    file: String,
    bytes: u64,
    genesis: String,
    netuids: Vec<u16>,
    checksum: String,
}

pub async fn run(session: &mut Session, args: &ExportArgs) -> anyhow::Result<()> {
    let store = session.open_record()?;
    let genesis = store.genesis().await?.context("the database does not say of which chain its record is")?;
    let netuids = chosen(session, &store.netuids().await?, "the database")?;
    let mut file = Writer::create(&args.file, genesis, &netuids, args.force)?;
    let mut lines = Vec::new();
    for netuid in &netuids {
        let mut parts = Parts::of(store.as_ref(), *netuid).await?;
        let (mut mark, mut epochs, mut entries) = (None, 0, 0);
        while let Some(part) = parts.next().await? {
            (mark, epochs, entries) =
                (Some(part.watermark), epochs + part.epochs.len(), entries + part.entries.len());
            file.part(&part)?;
        }
        let mark = mark.with_context(|| format!("the record of subnet {netuid} is gone"))?;
        let (from, to) = (mark.first_block, mark.block.number);
        lines.push(format!(
            "Subnet {netuid}, blocks {from} to {to}: {epochs} epochs and {entries} entries written."
        ));
    }
    let checksum = file.finish()?;
    let done = Exported {
        file: args.file.display().to_string(),
        bytes: std::fs::metadata(&args.file)?.len(),
        genesis: genesis.to_string(),
        netuids: netuids.iter().map(|netuid| netuid.0).collect(),
        checksum: checksum.to_string(),
    };
    if session.json {
        return session.out.json(&done);
    }
    lines.iter().try_for_each(|line| session.out.line(line))?;
    session.out.line(format!("{}: {} bytes, checksum {}", done.file, done.bytes, done.checksum))
}
