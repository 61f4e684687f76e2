//! `vesting catch-up`.

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;
use vesting_core::policy::Policy;
use vesting_core::ports::{ChainError, ChainPort, StoreError};
use vesting_core::{BlockNumber, MonitorError, NetUid, Pace, Ppb, Progress};

use super::Session;
use super::progress::Bar;
use crate::cli::CatchUpArgs;
use crate::config::Config;
use crate::following::waits;
use crate::view::unexplained::Unexplained;
use crate::wiring;
use crate::{Ended, UsageError};

#[derive(Serialize)]
struct Done {
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
    /// What no event explains of what was taken in, by subnet.
    unattributed: Vec<Unexplained>,
}

/// The most blocks in one transaction where every block is read.
const BLOCKS_PER_COMMIT: u32 = 1_000;

/// The exit code where something is unattributed.
const UNEXPLAINED: u8 = 3;

/// Tries in a row without getting on, after which it is somebody else's to mend.
const TRIES: u32 = 12;

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
    wiring::followed(&config)?;
    let chain = wiring::chain(&config);
    let there = session.record_there()?;
    let mut recorded = Vec::new();
    if let Some(store) = &there {
        recorded = store.netuids().await?;
        // The record says which chain it is, not the endpoint that answers first.
        store.genesis().await?.inspect(|genesis| chain.expect_genesis(*genesis));
    }
    // The chain first: a wrong endpoint leaves no empty database behind.
    let head = match chain.finalized_head().await {
        Ok(head) => head,
        Err(error) => return Err(wiring::told(&config, there.as_deref(), error).await),
    };
    drop(there);
    let to = match args.to.map(BlockNumber) {
        Some(to) if to > head.number => {
            return Err(UsageError(format!("`--to {to}`: the finalized head is block {}", head.number)).into());
        }
        Some(to) => to,
        None => head.number,
    };
    let from = args.from.map(BlockNumber);
    let (beginning, left_out) = choose(&mut config, chain.as_ref(), &recorded, from, to).await?;
    for netuid in &left_out {
        eprintln!(
            "warning: subnet {netuid} is left out: it is there neither at block {to} nor where records begin; name a `--from` or `--to` inside its life"
        );
    }
    let store = session.record_or_new()?;
    wiring::bind(&config, chain.as_ref(), store.as_ref()).await?;
    for netuid in &config.netuids {
        store.claim(*netuid).await?;
    }
    let (mut monitor, first) = wiring::monitor(&config, &chain, Arc::clone(&store), from, beginning).await?;
    // What is unexplained of an interval is recorded when it ends.
    let begun: Vec<(NetUid, Option<BlockNumber>)> =
        monitor.ledgers().iter().map(|(netuid, ledger)| (*netuid, ledger.interval().from)).collect();
    let pace = if args.every_block { Pace::EveryBlock { blocks_per_commit: BLOCKS_PER_COMMIT } } else { Pace::CatchingUp };
    let mut bar = Bar::new("catching up");
    let mut last = Progress { block: first.parent(), to, epochs: 0, operations: 0, entries: 0 };
    let mut tries = 0;
    let mut before: Option<Progress> = None;
    loop {
        let stood_at = last.block;
        let done = monitor
            .advance(first, to, pace, &mut |state| {
                last = before.map_or(state, |before| before.plus(state));
                bar.show(last, chain.requests().0);
            })
            .await;
        match done {
            Ok(()) => break,
            // What was written stays, so it goes on where it was.
            Err(error) if error.is_passing() && !matches!(error, MonitorError::Store(StoreError::Taken { .. })) => {
                tries = if last.block > stood_at { 1 } else { tries + 1 };
                let error = anyhow::Error::from(error);
                let Some(pause) = waits(&error, tries).filter(|_| tries <= TRIES) else { return Err(error) };
                bar.say(&format!("{error}; trying again in {} s", pause.as_secs()));
                tokio::time::sleep(pause).await;
                before = Some(last);
            }
            Err(error) => return Err(error.into()),
        }
    }
    monitor.observe().await?;
    bar.done();
    let mut unattributed = Vec::new();
    for (netuid, since) in begun {
        unattributed.extend(Unexplained::after(store.as_ref(), netuid, since).await?);
    }
    let done = Done {
        netuids: config.netuids.iter().map(|n| n.0).collect(),
        from: first.0,
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
            "The record stands at block {to}: {} epochs, {} blocks with operations and {} entries taken in, {} requests, {:.1} s.",
            done.epochs, done.operations, done.entries, done.requests, done.seconds
        ))?;
        for unexplained in &done.unattributed {
            session.out.line(unexplained.words())?;
        }
    }
    session.out.flush()?;
    if done.unattributed.is_empty() { Ok(()) } else { Err(Ended(UNEXPLAINED).into()) }
}

/// Leaves out of the followed subnets those that cannot be recorded: they have no record, and are neither at the last
/// block nor where records begin, which may be after their end. Gives where records begin, and who was left out. One
/// that is there at neither end is no reason to refuse the others. Asked before a database is made.
async fn choose(
    config: &mut Config,
    chain: &dyn ChainPort,
    recorded: &[NetUid],
    from: Option<BlockNumber>,
    to: BlockNumber,
) -> anyhow::Result<(Option<BlockNumber>, Vec<NetUid>)> {
    let (beginning, mut missing) = if from.is_some() {
        let new: Vec<NetUid> = config.netuids.iter().filter(|netuid| !recorded.contains(netuid)).copied().collect();
        let present = wiring::present(chain, &new, to).await?;
        (None, new.into_iter().filter(|netuid| !present.contains(netuid)).collect())
    } else {
        let plan = wiring::Plan::make(config, chain, recorded, to).await;
        plan.failure()?;
        (plan.first, plan.absent)
    };
    if let Some(first) = from.or(beginning).filter(|first| *first < to) {
        let present = wiring::present(chain, &missing, first).await?;
        missing.retain(|netuid| !present.contains(netuid));
    }
    config.netuids.retain(|netuid| !missing.contains(netuid));
    match missing.first() {
        Some(netuid) if config.netuids.is_empty() => Err(ChainError::NoSuchSubnet { netuid: *netuid, block: to }.into()),
        _ => Ok((beginning, missing)),
    }
}
