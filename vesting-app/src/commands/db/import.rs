//! `vesting db import`.

use std::path::Path;

use anyhow::Context;
use clap::Args;
use clap::builder::{PathBufValueParser, TypedValueParser};
use serde::Serialize;
use vesting_core::BlockNumber;
use vesting_core::ports::ChainPort;
use vesting_secret::SecretUrl;
use vesting_store::export::Reader;

use super::check::CheckSummary;
use super::chosen::chosen;
use super::fetch::{Giver, fetch};
use super::inspect::DigestLine;
use super::intake::{check_importable, inspect, judge, write};
use super::second::SecondSource;
use super::source::Source;
use super::spot_check::{SpotCheck, spot_check};
use crate::commands::session::Session;
use crate::config::Token;
use crate::exit::UsageError;
use crate::output::is_hash;
use crate::wiring;

/// `db import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The file, or a URL: that of a file, or the host of a validator's API.
    #[arg(value_name = "FILE|URL", value_parser = PathBufValueParser::new().map(Source::of))]
    pub from: Source,
    /// The token of that API.
    #[arg(long, value_name = "TOKEN")]
    pub token: Option<Token>,
    /// Refuse the file unless this is the state digest under the configured policy; for one subnet.
    #[arg(long, value_name = "0x…")]
    pub expect_digest: Option<String>,
    /// Refuse the file unless the validator whose API is at this URL has the same state digest; for one
    /// subnet. It must not be the one that gives the file.
    #[arg(long, value_name = "URL", conflicts_with_all = ["expect_digest", "as_of"])]
    pub digest_from: Option<SecretUrl>,
    /// The token of that second API.
    #[arg(long, value_name = "TOKEN", requires = "digest_from")]
    pub digest_token: Option<Token>,
    /// With --expect-digest: as of the last epoch at or before this block [default: the last of the file].
    #[arg(long, value_name = "BLOCK", requires = "expect_digest")]
    pub as_of: Option<u64>,
    /// Compare this many positions at the last epoch with the chain [default: 20 with --network or
    /// --endpoints, else 0].
    #[arg(long, value_name = "N")]
    pub spot_check: Option<usize>,
}

/// How many positions are compared with the chain if an endpoint was named.
pub const SPOT_CHECKS: usize = 20;

#[derive(Serialize)]
struct Imported {
    netuid: u16,
    checksum: String,
    checked: CheckSummary,
    digest: Option<DigestLine>,
    spot_check: Option<SpotCheck>,
}

pub async fn run(session: &mut Session, args: &ImportArgs, with_chain: bool) -> anyhow::Result<()> {
    let expected = args.expect_digest.as_deref().map(expected).transpose()?;
    match &args.from {
        Source::File(path) => {
            let second = second_source(args, None)?;
            import(session, args, path, expected, second, with_chain).await
        }
        Source::Url(url) => {
            let second = second_source(args, Some(url))?;
            let netuid = match session.config.netuids.as_slice() {
                [] => None,
                [netuid] => Some(*netuid),
                _ => {
                    let why = "a URL gives the record of one subnet: name one with `--netuid N`";
                    return Err(UsageError(why.to_owned()).into());
                }
            };
            let giver = Giver::new(url, args.token.clone(), "--token")?;
            let fetched = fetch(&session.config, &giver, netuid).await;
            let fetched = fetched.context("nothing was taken in")?;
            import(session, args, fetched.path(), expected, second, with_chain).await
        }
    }
}

fn second_source(args: &ImportArgs, record: Option<&SecretUrl>) -> Result<Option<SecondSource>, UsageError> {
    let second = args.digest_from.as_ref();
    second.map(|url| SecondSource::new(url, args.digest_token.clone(), "--digest-token", record)).transpose()
}

async fn import(
    session: &mut Session,
    args: &ImportArgs,
    path: &Path,
    mut expected: Option<String>,
    second: Option<SecondSource>,
    with_chain: bool,
) -> anyhow::Result<()> {
    let file = Reader::open(path).context("nothing was taken in")?;
    let genesis = file.genesis();
    let netuids = chosen(session, file.netuids(), "the file")?;
    if (expected.is_some() || second.is_some()) && netuids.len() > 1 {
        return Err(UsageError("a digest is that of one subnet: name it with `--netuid N`".into()).into());
    }
    // An existing record is refused at once. If there is no database, or an older one, the check after
    // opening it finds out.
    if let Ok(store) = session.open_record() {
        check_importable(store.as_ref(), genesis, &netuids).await?;
    }
    let as_of = args.as_of.map(BlockNumber);
    let inspecting = inspect(&session.config, file, &netuids, as_of);
    let (mut inspected, checksum) = inspecting.await.context("nothing was taken in")?;
    if let Some(second) = second
        && let Some(inspection) = inspected.pop()
    {
        let judging = judge(&session.config, path, inspection, &second);
        let (inspection, digest) = judging.await.context("nothing was taken in")?;
        (inspected, expected) = (vec![inspection], Some(digest));
    }
    let spot_checks = args.spot_check.unwrap_or(if with_chain { SPOT_CHECKS } else { 0 });
    let chain = (with_chain || spot_checks > 0).then(|| wiring::chain(&session.config));
    if let Some(chain) = &chain {
        let offered = chain.genesis().await?;
        anyhow::ensure!(
            offered == genesis,
            "the file belongs to the chain with genesis {genesis}, but the endpoint serves {offered}"
        );
    }
    let mut done = Vec::new();
    for inspection in inspected {
        let spot_check = match (&chain, &inspection.stand) {
            (Some(chain), Some(stand)) if spot_checks > 0 => {
                Some(spot_check(chain.as_ref(), stand, checksum, spot_checks).await?)
            }
            _ => None,
        };
        done.push(Imported {
            netuid: inspection.netuid.0,
            checksum: checksum.to_string(),
            digest: inspection.digest(expected.as_deref()).await?,
            checked: inspection.checked,
            spot_check,
        });
    }
    let store = session.open_or_create_record()?;
    write(store.as_ref(), path, genesis, &netuids, checksum).await?;
    done.iter().try_for_each(|done| print(session, done))
}

/// A digest the way it is printed, in lower case.
fn expected(text: &str) -> Result<String, UsageError> {
    if is_hash(text) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(UsageError(format!("`--expect-digest {text}`: it should be 0x and 64 hexadecimal digits")))
}

fn print(session: &mut Session, done: &Imported) -> anyhow::Result<()> {
    if session.json {
        return session.out.json(done);
    }
    session.out.line(done.checked.message())?;
    if let Some(digest) = &done.digest {
        let incomplete = digest
            .incomplete_since
            .map(|block| format!("; the record begins at block {block}, inside the window"));
        session.out.line(format!(
            "State digest as of block {}: {}{}{}.",
            digest.as_of,
            digest.state_digest,
            if digest.expected { ", as expected" } else { "" },
            incomplete.unwrap_or_default()
        ))?;
    }
    match &done.spot_check {
        Some(spot) => session.out.line(spot.message())?,
        None => session.out.line("Nothing was compared with the chain (`--spot-check N`).")?,
    }
    session.out.line(format!("The record of subnet {} was taken in.", done.netuid))
}
