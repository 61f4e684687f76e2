//! Taking a record in from a file: all of it is checked before any of it is written.

use std::path::Path;

use anyhow::Context;
use vesting_core::ports::StakeStore;
use vesting_core::{BlockHash, BlockNumber, NetUid};
use vesting_store::export::{Checksum, Reader};

use super::inspect::{Inspected, Inspection};
use super::second::SecondSource;
use crate::advice::Advised;
use crate::config::Config;

/// Checks the records of these subnets, to the end of the file. Returns them with the file's checksum.
pub async fn inspect(
    config: &Config,
    mut file: Reader,
    netuids: &[NetUid],
    as_of: Option<BlockNumber>,
) -> anyhow::Result<(Vec<Inspected>, Checksum)> {
    let mut inspected: Vec<Inspected> = Vec::new();
    let mut current: Option<Inspection> = None;
    let mut wrong = None;
    while let Some(part) = file.next_part()? {
        if wrong.is_some() || !netuids.contains(&part.netuid) {
            continue;
        }
        let inspection = match &mut current {
            Some(inspection) if inspection.netuid() == part.netuid => inspection,
            _ => {
                if let Some(before) = current.take() {
                    inspected.push(before.finish().await?);
                }
                current.insert(Inspection::new(config, part.netuid, file.genesis(), as_of).await?)
            }
        };
        // Reads on all the same: if the file is damaged, that is the error to report.
        wrong = inspection.take(part).await.err();
    }
    let checksum = file.checksum().context("the file has no end")?;
    match wrong {
        Some(wrong) => Err(wrong),
        None => {
            if let Some(last) = current {
                inspected.push(last.finish().await?);
            }
            Ok((inspected, checksum))
        }
    }
}

/// Writes the records of these subnets, part by part.
async fn write_parts(
    store: &dyn StakeStore,
    path: &Path,
    netuids: &[NetUid],
    checksum: Checksum,
) -> anyhow::Result<()> {
    let mut file = Reader::open(path)?;
    while let Some(part) = file.next_part()? {
        if netuids.contains(&part.netuid) {
            store
                .commit(&part)
                .await
                .with_context(|| format!("cannot take in the record of subnet {}", part.netuid))?;
        }
    }
    anyhow::ensure!(file.checksum() == Some(checksum), "the file was changed while it was read");
    Ok(())
}

/// Judges the record of a subnet by the digest of a second validator. Returns that digest, and the inspection as
/// of the epoch that it is of.
pub async fn judge(
    config: &Config,
    path: &Path,
    inspected: Inspected,
    second: &SecondSource,
) -> anyhow::Result<(Inspected, String)> {
    let netuid = inspected.netuid;
    let ours = inspected.digest(None).await?;
    let ours = ours.context("the file has no epoch of which there is a digest")?;
    let theirs = second.digest(netuid, &ours).await?;
    if theirs.as_of == ours.as_of {
        return Ok((inspected, theirs.state_digest));
    }
    let as_of = Some(BlockNumber(theirs.as_of));
    let (inspected, _) = inspect(config, Reader::open(path)?, &[netuid], as_of).await?;
    let inspected = inspected.into_iter().next().context("the file was changed while it was read")?;
    Ok((inspected, theirs.state_digest))
}

/// Writes the records of these subnets, which were checked. If that fails, nothing of them stays.
pub async fn write(
    store: &dyn StakeStore,
    path: &Path,
    genesis: BlockHash,
    netuids: &[NetUid],
    checksum: Checksum,
) -> anyhow::Result<()> {
    check_importable(store, genesis, netuids).await?;
    store.bind_chain(genesis).await?;
    let Err(error) = write_parts(store, path, netuids, checksum).await else { return Ok(()) };
    for netuid in netuids {
        let why =
            || format!("{}; what was already imported of subnet {netuid} cannot be removed", error.advised());
        store.rewind(*netuid, None).await.with_context(why)?;
    }
    Err(error.context("nothing was taken in"))
}

/// Checks that the database belongs to that chain or to none yet, and has no record of these subnets.
pub async fn check_importable(
    store: &dyn StakeStore,
    genesis: BlockHash,
    netuids: &[NetUid],
) -> anyhow::Result<()> {
    if let Some(stored) = store.genesis().await? {
        anyhow::ensure!(
            stored == genesis,
            "the file belongs to the chain with genesis {genesis}, but the database to the one with {stored}"
        );
    }
    for netuid in netuids {
        if let Some(mark) = store.watermark(*netuid).await? {
            anyhow::bail!(
                "the database has a record of subnet {netuid} already, of the blocks {} to {}: import into \
                 another one (`--database-url`)",
                mark.first_block,
                mark.block.number
            );
        }
    }
    Ok(())
}
