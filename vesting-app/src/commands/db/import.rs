//! `vesting db import`.

use std::sync::Arc;

use anyhow::Context;
use serde::Serialize;
use vesting_core::check::check_store;
use vesting_core::ports::{ChainPort, Commit, StakeStore};
use vesting_core::{BlockHash, BlockNumber, MemoryStore, NetUid, TrackerError};
use vesting_store::export::{Checksum, Export, read};

use super::check::Line;
use super::spot_check::{SpotCheck, spot_check};
use super::{ImportArgs, Session, chosen};
use crate::UsageError;
use crate::wiring;

/// Positions compared with the chain where an endpoint was named.
const SPOT_CHECKS: usize = 20;

#[derive(Serialize)]
struct Done {
    netuid: u16,
    checksum: String,
    checked: Line,
    digest: Option<DigestLine>,
    spot_check: Option<SpotCheck>,
}

#[derive(Serialize)]
struct DigestLine {
    as_of: u64,
    state_digest: String,
    policy_digest: String,
    incomplete_since: Option<u64>,
    /// Whether it was expected.
    expected: bool,
}

pub async fn run(session: &mut Session, args: &ImportArgs, with_chain: bool) -> anyhow::Result<()> {
    let (export, checksum) = read(&args.file).context("nothing was taken in")?;
    let there: Vec<NetUid> = export.records.iter().map(|record| record.netuid).collect();
    let netuids = chosen(session, &there, "the file")?;
    let Export { genesis, mut records } = export;
    records.retain(|record| netuids.contains(&record.netuid));
    let expected = args.expect_digest.as_deref().map(expected).transpose()?;
    if expected.is_some() && records.len() > 1 {
        return Err(UsageError("`--expect-digest` is that of one subnet: name it with `--netuid N`".into()).into());
    }
    // What is there is asked first. Where nothing is, or it is of an older version, the store itself sees to it.
    if let Ok(store) = session.record() {
        free(store.as_ref(), genesis, &records).await?;
    }
    let mut done = Vec::new();
    for record in &records {
        done.push(inspect(session, args, (genesis, checksum), record, expected.as_deref()).await?);
    }
    let spot_checks = args.spot_check.unwrap_or(if with_chain { SPOT_CHECKS } else { 0 });
    if with_chain || spot_checks > 0 {
        let chain = wiring::chain(&session.config);
        let offered = chain.genesis().await?;
        anyhow::ensure!(offered == genesis, "the file is of the chain with genesis {genesis}, but the endpoint serves {offered}");
        for (record, done) in records.iter().zip(&mut done).filter(|_| spot_checks > 0) {
            done.spot_check = spot_check(chain.as_ref(), record, checksum, spot_checks).await?;
        }
    }
    let store = session.record_or_new()?;
    free(store.as_ref(), genesis, &records).await?;
    store.bind_chain(genesis).await?;
    for (record, done) in records.iter().zip(&done) {
        store.commit(record).await.with_context(|| format!("cannot take in the record of subnet {}", record.netuid))?;
        say(session, done)?;
    }
    Ok(())
}

/// A digest as it is printed, in small letters.
fn expected(text: &str) -> Result<String, UsageError> {
    let digits = text.strip_prefix("0x").filter(|digits| digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let digits = digits.ok_or_else(|| UsageError(format!("`--expect-digest {text}`: it should be 0x and 64 hexadecimal digits")))?;
    Ok(format!("0x{}", digits.to_ascii_lowercase()))
}

/// The database is of that chain, or of none yet, and has no record of these subnets.
async fn free(store: &dyn StakeStore, genesis: BlockHash, records: &[Commit]) -> anyhow::Result<()> {
    if let Some(stored) = store.genesis().await? {
        anyhow::ensure!(stored == genesis, "the file is of the chain with genesis {genesis}, but the database of that with {stored}");
    }
    for record in records {
        if let Some(mark) = store.watermark(record.netuid).await? {
            anyhow::bail!(
                "the database has a record of subnet {} already, of the blocks {} to {}: import into another one (`--database-url`)",
                record.netuid,
                mark.first_block,
                mark.block.number
            );
        }
    }
    Ok(())
}

/// Checks a record, and works out its digest, as a store has it.
async fn inspect(
    session: &Session,
    args: &ImportArgs,
    (genesis, checksum): (BlockHash, Checksum),
    record: &Commit,
    expected: Option<&str>,
) -> anyhow::Result<Done> {
    let netuid = record.netuid;
    // Before a store sees it: a store says less well what is wrong.
    vesting_core::check::check(record).context("the file is not consistent")?;
    let store: Arc<dyn StakeStore> = Arc::new(MemoryStore::new());
    store.bind_chain(genesis).await?;
    store.commit(record).await?;
    let (mark, found) = check_store(store.as_ref(), netuid).await?;
    let policy = session.config.policy(netuid);
    let digest = match wiring::tracker(&store).state(netuid, policy, args.as_of.map(BlockNumber)).await {
        Ok((_, state)) => {
            let summary = state.summary();
            let said = summary.digest().to_string();
            if let Some(expected) = expected.filter(|expected| *expected != said) {
                anyhow::bail!(
                    "the state digest of subnet {netuid} as of block {} is {said} under the policy {}, not {expected} as expected: the file, the policy or the epoch is another one",
                    summary.as_of.number,
                    policy.digest()
                );
            }
            Some(DigestLine {
                as_of: summary.as_of.number.0,
                state_digest: said,
                policy_digest: policy.digest().to_string(),
                incomplete_since: summary.incomplete_since.map(|block| block.0),
                expected: expected.is_some(),
            })
        }
        // A record may be younger than its first epoch, or lack what only the policy asks for.
        Err(TrackerError::NoEpoch { .. } | TrackerError::MissingTime(_)) if expected.is_none() => None,
        Err(error) => return Err(error.into()),
    };
    Ok(Done { netuid: netuid.0, checksum: checksum.to_string(), checked: Line::new(netuid, &mark, found), digest, spot_check: None })
}

fn say(session: &mut Session, done: &Done) -> anyhow::Result<()> {
    if session.json {
        return session.out.json(done);
    }
    session.out.line(done.checked.words())?;
    if let Some(digest) = &done.digest {
        let incomplete = digest.incomplete_since.map(|block| format!("; the record begins at block {block}, inside the window"));
        session.out.line(format!(
            "State digest as of block {}: {}{}{}.",
            digest.as_of,
            digest.state_digest,
            if digest.expected { ", as expected" } else { "" },
            incomplete.unwrap_or_default()
        ))?;
    }
    match &done.spot_check {
        Some(spot) => session.out.line(spot.words())?,
        None => session.out.line("Nothing was compared with the chain (`--spot-check N`).")?,
    }
    session.out.line(format!("The record of subnet {} was taken in.", done.netuid))
}
