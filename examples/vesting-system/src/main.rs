//! A validator's program that keeps its own score and lets the vesting system adjust it.
//!
//! `cargo run -p vesting-system` runs it against a simulated node; against the real chain it is the same
//! with `wss://entrypoint-finney.opentensor.ai:443`.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use vesting_chain::{ChainOptions, SubxtChain};
use vesting_core::adjust::WeightsInput;
use vesting_core::policy::Policy;
use vesting_core::{Hotkey, NetUid, Rao, SystemError, VestingSystem};
use vesting_testkit::history::History;
use vesting_testkit::node::{NodeOptions, serve};
use vesting_testkit::sim::Demo;

/// What a background task waits before it tries again.
const PAUSE: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // The simulated chain in place of Finney: six days of the demo's subnet.
    let history = Arc::new(RwLock::new(History::default()));
    let mut demo = Demo::new(7, 6);
    let mut chain = demo.chain(7, Some(Arc::clone(&history)));
    (0..6 * 7_200).for_each(|_| demo.step(&mut chain));
    let node = serve(history, NodeOptions::default()).await?;
    let folder = tempfile::tempdir()?;
    let database = format!("sqlite://{}", folder.path().join("vesting.db").display());

    let hotkeys: Vec<Hotkey> = demo.actors().iter().flat_map(|actor| actor.hotkeys.clone()).collect();
    let scores = vec![1.0; hotkeys.len()];
    let adjusted = validate(&node.url(), &database, Demo::NETUID, &hotkeys, &scores, true).await?;
    for (hotkey, weight) in hotkeys.iter().zip(adjusted) {
        println!("{hotkey}  {weight:.6}");
    }
    Ok(())
}

/// Scores adjusted by who kept what it earned.
async fn validate(
    endpoint: &str,
    database: &str,
    netuid: NetUid,
    hotkeys: &[Hotkey],
    scores: &[f64],
    use_background: bool,
) -> anyhow::Result<Vec<f64>> {
    // Initialize components.
    let chain = Arc::new(SubxtChain::new(ChainOptions::new(endpoint)));
    let store = vesting_store::open(database)?;

    // Create the vesting system: what is left out is the default.
    let policy = Policy { minimum_stake: Rao(300_000_000), ..Policy::default() };
    let vesting = Arc::new(VestingSystem::new(chain, store, netuid, policy));

    // Hear of every epoch.
    vesting.on_epoch_boundary(|record| {
        println!("epoch at block {}, {} positions changed", record.epoch.block.number, record.changes.len())
    });

    // Initialize.
    vesting.initialize().await?;

    if use_background {
        // It catches up, then follows, until it is shut down.
        tokio::spawn(keep_following(Arc::clone(&vesting)));
        while vesting.lag().await? > 2 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    } else {
        // Without the background it moves when it is told.
        vesting.update().await?;
    }

    // Apply multipliers to weights.
    let weights: WeightsInput = hotkeys.iter().copied().zip(scores.iter().copied()).collect();
    let adjusted = vesting.apply_vesting_multipliers(&weights).await?;

    // Get vesting statistics.
    let stats = vesting.get_vesting_stats().await?;
    println!("as of block {}: {} miners, {} epochs", stats.as_of.block.number, stats.miners, stats.epochs);

    // Shut down when done.
    vesting.shutdown().await;
    Ok(adjusted.weights())
}

/// Follows; what passes by itself is waited for.
async fn keep_following(vesting: Arc<VestingSystem>) {
    loop {
        match Arc::clone(&vesting).follow().await {
            Err(SystemError::Monitor(error)) if error.is_passing() => tokio::time::sleep(PAUSE).await,
            Err(error) => return eprintln!("the vesting system stopped: {error}"),
            Ok(()) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // tests

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn with_and_without_the_background_the_weights_come_out_the_same() {
        let history = Arc::new(RwLock::new(History::default()));
        let mut demo = Demo::new(7, 2);
        let mut chain = demo.chain(7, Some(Arc::clone(&history)));
        (0..2 * 7_200).for_each(|_| demo.step(&mut chain));
        let last = history.read().unwrap().last();
        assert_eq!(last, 2 * 7_200);
        let node = serve(history, NodeOptions::default()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let hotkeys: Vec<Hotkey> = demo.actors().iter().flat_map(|actor| actor.hotkeys.clone()).collect();
        let scores = vec![1.0; hotkeys.len()];
        let mut found = Vec::new();
        for (name, background) in [("with.db", true), ("without.db", false)] {
            let database = format!("sqlite://{}", folder.path().join(name).display());
            let weights =
                validate(&node.url(), &database, Demo::NETUID, &hotkeys, &scores, background).await.unwrap();
            assert!((weights.iter().sum::<f64>() - scores.iter().sum::<f64>()).abs() < 1e-12);
            found.push(weights);
        }
        assert_eq!(found[0], found[1]);
        assert!(found[0].iter().any(|weight| (weight - 1.0).abs() > 0.01), "somebody gets more than another");
    }
}
