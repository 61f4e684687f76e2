//! `vesting db export`.

use anyhow::Context;
use serde::Serialize;
use vesting_store::export::{Export, write};

use super::{ExportArgs, Session, chosen};

#[derive(Serialize)]
struct Done {
    file: String,
    bytes: u64,
    genesis: String,
    netuids: Vec<u16>,
    checksum: String,
}

pub async fn run(session: &mut Session, args: &ExportArgs) -> anyhow::Result<()> {
    let store = session.record()?;
    let genesis = store.genesis().await?.context("the database does not say of which chain its record is")?;
    let mut records = Vec::new();
    for netuid in chosen(session, &store.netuids().await?, "the database")? {
        records.push(store.record(netuid).await?.with_context(|| format!("the record of subnet {netuid} is gone"))?);
    }
    let export = Export { genesis, records };
    let checksum = write(&args.file, &export, args.force)?;
    let done = Done {
        file: args.file.display().to_string(),
        bytes: std::fs::metadata(&args.file)?.len(),
        genesis: genesis.to_string(),
        netuids: export.records.iter().map(|record| record.netuid.0).collect(),
        checksum: checksum.to_string(),
    };
    if session.json {
        return session.out.json(&done);
    }
    for record in &export.records {
        let (from, to) = (record.watermark.first_block, record.watermark.block.number);
        session.out.line(format!(
            "Subnet {}, blocks {from} to {to}: {} epochs and {} entries written.",
            record.netuid,
            record.epochs.len(),
            record.entries.len()
        ))?;
    }
    session.out.line(format!("{}: {} bytes, checksum {}", done.file, done.bytes, done.checksum))
}
