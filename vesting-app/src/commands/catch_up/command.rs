//! `vesting catch-up`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use clap::Args;
use futures_util::{StreamExt, stream};
use serde::Serialize;
use tokio::task::JoinError;
use vesting_chain::SubxtChain;
use vesting_core::policy::Policy;
use vesting_core::ports::ChainPort;
use vesting_core::{BlockNumber, NetUid, Pace, Ppb};

use super::choice::choose;
use super::subnet::{Job, Subnet};
use crate::advice::Advised;
use crate::commands::progress::SubnetsBar;
use crate::commands::session::Session;
use crate::exit::{SilentExit, UsageError};
use crate::output::say;
use crate::shared::SharedChain;
use crate::task::Task;
use crate::view::unexplained::Unexplained;
use crate::wiring;

/// `catch-up`.
#[derive(Debug, Default, Args)]
pub struct CatchUpArgs {
    /// The first block to record [default: the window's start].
    #[arg(long, value_name = "BLOCK", conflicts_with = "days")]
    pub from: Option<u64>,
    /// Record this many days before the newest epoch.
    #[arg(long, value_name = "N")]
    pub days: Option<String>,
    /// The last block to record [default: the finalized head].
    #[arg(long, value_name = "BLOCK")]
    pub to: Option<u64>,
    /// Read every block, not only those in which something happened. This takes many times the requests, and
    /// also sees what a multisig or a contract does and undoes between two epochs.
    #[arg(long)]
    pub every_block: bool,
}

#[derive(Serialize)]
struct Summary {
    netuids: Vec<u16>,
    from: u64,
    to: u64,
    epochs: u64,
    operations: u64,
    entries: u64,
    requests: u64,
    seconds: f64,
    /// Where the runtime contradicts its storage, in words.
    degraded: Vec<String>,
    /// What no event explains of what was recorded, by subnet.
    unattributed: Vec<Unexplained>,
}

/// How catching up on a subnet ended.
type Outcome = Result<anyhow::Result<Option<Unexplained>>, JoinError>;

/// The most blocks in one transaction if every block is read.
const BLOCKS_PER_COMMIT: u32 = 1_000;

/// The exit code if something is unattributed.
const UNEXPLAINED: u8 = 3;

pub async fn run(session: &mut Session, args: &CatchUpArgs) -> anyhow::Result<()> {
    let started = Instant::now();
    let mut config = session.config.clone();
    if let Some(days) = &args.days {
        let days: Ppb = days.parse().map_err(|e| UsageError(format!("--days: {e}")))?;
        let wrong = || UsageError("--days: it must be above 0 and at most 3650".into());
        let window = Policy::days(days).ok_or_else(wrong)?;
        for policy in config.policies_mut() {
            policy.retention_window = window;
            policy.check().map_err(|_| wrong())?;
        }
    }
    wiring::subnets_to_follow(&config)?;
    let chain = wiring::chain(&config);
    let existing = session.open_record_if_any()?;
    let mut recorded = Vec::new();
    if let Some(store) = &existing {
        recorded = store.netuids().await?;
        // The record decides which chain it is, not the endpoint that answers first.
        store.genesis().await?.inspect(|genesis| chain.expect_genesis(*genesis));
    }
    // The chain is asked first, so that a wrong endpoint leaves no empty database behind.
    let head = match chain.finalized_head().await {
        Ok(head) => head,
        Err(error) => return Err(wiring::explain_chain_error(&config, existing.as_deref(), error).await),
    };
    drop(existing);
    let to = match args.to.map(BlockNumber) {
        Some(to) if to > head.number => {
            return Err(
                UsageError(format!("`--to {to}`: the finalized head is block {}", head.number)).into()
            );
        }
        Some(to) => to,
        None => head.number,
    };
    let from = args.from.map(BlockNumber);
    let (beginnings, left_out) = choose(&mut config, chain.as_ref(), &recorded, from, to).await?;
    for netuid in &left_out {
        say(format!(
            "warning: subnet {netuid} is left out: it exists neither at block {to} nor where records begin; \
             name a `--from` or `--to` within its life"
        ));
    }
    let store = session.open_or_create_record()?;
    wiring::bind_database(&config, chain.as_ref(), store.as_ref()).await?;
    for netuid in &config.netuids {
        store.claim(*netuid).await?;
    }
    let netuids = config.netuids.clone();
    let firsts: BTreeMap<NetUid, BlockNumber> =
        netuids.iter().map(|netuid| (*netuid, beginnings.of(*netuid))).collect();
    let shared = SharedChain::new(Arc::<SubxtChain>::clone(&chain), config.max_requests_in_flight);
    let at_once = if args.every_block { netuids.len() } else { config.max_requests_in_flight };
    let pace = if args.every_block {
        Pace::EveryBlock { blocks_per_commit: BLOCKS_PER_COMMIT }
    } else {
        Pace::CatchingUp
    };
    let bar = Mutex::new(SubnetsBar::new("catching up", &firsts, to));
    let job = Arc::new(Job { config, chain, store, from, to, pace, bar });
    let outcomes = firsts.iter().map(|(netuid, first)| {
        let subnet =
            Subnet { netuid: *netuid, first: *first, chain: shared.of(*netuid), job: Arc::clone(&job) };
        async move { (subnet.netuid, Task::spawn(subnet.catch_up()).await) }
    });
    let outcomes: Vec<_> = stream::iter(outcomes).buffer_unordered(at_once.max(1)).collect().await;
    job.bar().done();
    let unattributed = all_unexplained(outcomes)?;
    let (chain, last) = (&job.chain, job.bar().sum());
    let done = Summary {
        netuids: netuids.iter().map(|n| n.0).collect(),
        from: firsts.values().min().map_or(0, |first| first.0),
        to: to.0,
        epochs: last.epochs,
        operations: last.operations,
        entries: last.entries,
        requests: chain.requests().0,
        seconds: started.elapsed().as_secs_f64(),
        degraded: chain.disagreements().iter().map(ToString::to_string).collect(),
        unattributed,
    };
    if session.json {
        session.out.json(&done)?;
    } else {
        session.out.line(format!(
            "The record stands at block {to}: {} epochs, {} blocks with operations and {} entries taken in, \
             {} requests, {:.1} s.",
            done.epochs, done.operations, done.entries, done.requests, done.seconds
        ))?;
        for unexplained in &done.unattributed {
            session.out.line(unexplained.words())?;
        }
    }
    session.out.flush()?;
    if done.unattributed.is_empty() { Ok(()) } else { Err(SilentExit(UNEXPLAINED).into()) }
}

/// What is unexplained on all subnets, or the first error after the others were printed. An error on one
/// subnet does not stop the others.
fn all_unexplained(outcomes: Vec<(NetUid, Outcome)>) -> anyhow::Result<Vec<Unexplained>> {
    let is_alone = outcomes.len() == 1;
    let mut all = Ok(Vec::new());
    for (netuid, outcome) in outcomes {
        let broken_off =
            |_| Err(anyhow::anyhow!("stopped because of a mistake in this program: please report it"));
        match (outcome.unwrap_or_else(broken_off), &mut all) {
            (Ok(unexplained), Ok(all)) => all.extend(unexplained),
            (Ok(_), Err(_)) => {}
            (Err(error), all) => {
                let error =
                    if is_alone { error } else { error.context(format!("subnet {netuid} is not caught up")) };
                if all.is_ok() {
                    *all = Err(error);
                } else {
                    say(format!("error: {}", error.advised()));
                }
            }
        }
    }
    all
}
