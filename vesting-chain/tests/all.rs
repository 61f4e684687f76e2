//! Runtimes that are read: what their metadata resolves, and what it switches off.

#![allow(missing_docs, clippy::panic, clippy::unwrap_used, clippy::expect_used)] // tests

mod providers;

use std::path::Path;

use vesting_chain::{Capabilities, Runtime};
use vesting_core::ports::ChainError;

const ALL: Capabilities = Capabilities {
    incentive_event: true,
    auto_stake: true,
    float_shares: true,
    fixed_shares: true,
    pool_epochs: false,
    accounts: true,
    epoch_index: true,
    fee_in_alpha: true,
    stake_api: true,
    locks_api: true,
    counters: true,
};

fn check(path: &Path, spec_version: u32, expected: Capabilities) {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let runtime = Runtime::new(spec_version, &bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert_eq!(runtime.capabilities(), expected, "{}", path.display());
}

#[test]
fn what_is_no_metadata_is_refused() {
    for bytes in [&b""[..], b"meta", &[0xff; 64]] {
        assert!(matches!(Runtime::new(1, bytes), Err(ChainError::Unreadable { spec_version: 1, .. })));
    }
}

#[test]
#[ignore = "needs VESTING_TEST_METADATA and VESTING_TEST_RECORDINGS; .ci/run sets them where they are"]
fn real_metadata_resolves_every_name_or_switches_the_capability_off() {
    let folder = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} names a folder"));
    let (metadata, recordings) = (folder("VESTING_TEST_METADATA"), folder("VESTING_TEST_RECORDINGS"));
    let (metadata, recordings) = (Path::new(&metadata), Path::new(&recordings));
    // Before spec 401: no float shares, no dynamic schedule. Metadata of version 14 has no runtime APIs.
    let old = Capabilities { float_shares: false, epoch_index: false, locks_api: false, ..ALL };
    check(&metadata.join("finney-365.scale"), 365, Capabilities { fee_in_alpha: false, ..old });
    check(&metadata.join("finney-393.scale"), 393, Capabilities { fee_in_alpha: false, ..old });
    for version in [15, 16] {
        check(&recordings.join(format!("S1/metadata_v{version}.scale")), 425, ALL);
        check(
            &recordings.join(format!("O1/runtime-393/metadata_v{version}.scale")),
            393,
            Capabilities { fee_in_alpha: false, ..old },
        );
        check(&recordings.join(format!("U1/runtime-425/metadata_v{version}.scale")), 425, ALL);
    }
    check(
        &recordings.join("S1/metadata_v14.scale"),
        425,
        Capabilities { stake_api: false, locks_api: false, ..ALL },
    );
}

/// Every file of metadata in a folder and below it.
fn metadata_in(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(metadata_in(&path));
        } else if path.extension().is_some_and(|extension| extension == "scale") {
            found.push(path);
        }
    }
    found
}

#[test]
#[ignore = "needs VESTING_TEST_METADATA and VESTING_TEST_RECORDINGS; .ci/run sets them where they are"]
fn everything_that_bears_on_stake_in_the_runtimes_at_hand_is_known() {
    let folders = ["VESTING_TEST_METADATA", "VESTING_TEST_RECORDINGS"];
    let files: Vec<_> =
        folders.iter().flat_map(|name| metadata_in(Path::new(&std::env::var(name).unwrap()))).collect();
    assert!(files.len() > 20, "{}", files.len());
    for path in files {
        // Whatever version of metadata it is.
        let runtime = Runtime::new(1, &std::fs::read(&path).unwrap())
            .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert_eq!(runtime.unknown(), [], "{}", path.display());
        assert!(runtime.surface().len() > 300, "{}", path.display());
    }
}

#[test]
fn rules_and_what_is_not_known_are_asked_of_a_runtime() {
    use vesting_chain::facts::{FeeRule, Rule};
    use vesting_chain::surface::ItemKind;
    use vesting_testkit::history::History;
    use vesting_testkit::sim::{Generation, SimChain};

    let of = |generation| {
        let history = std::sync::Arc::new(std::sync::RwLock::new(History::default()));
        drop(SimChain::of_generation(generation, 1, &[], Some(std::sync::Arc::clone(&history))));
        let data = history.read().unwrap().runtime(0).unwrap().clone();
        Runtime::new(data.spec_version, &data.metadata[&15]).unwrap()
    };
    for generation in [Generation::Older, Generation::Present] {
        assert_eq!(of(generation).unknown(), [], "{generation:?}");
    }
    let later = of(Generation::Later);
    let told: Vec<(ItemKind, String, bool)> = later
        .unknown()
        .iter()
        .map(|unknown| (unknown.item.kind, unknown.item.name.clone(), unknown.reshaped))
        .collect();
    let new = |name: &str| (ItemKind::Storage, name.to_owned(), false);
    let reshaped = |name: &str| (ItemKind::Event, name.to_owned(), true);
    assert_eq!(
        told,
        [
            new("AlphaShares"),
            new("HotkeyShares"),
            new("LastMechanismStepBlock"),
            reshaped("StakeAdded"),
            reshaped("StakeRemoved")
        ]
    );
    assert!(later.facts().standing().is_beyond() && later.facts().fee() == FeeRule::OnTop);
    assert!(of(Generation::Older).facts().hold(Rule::FeeInside));
}

#[path = "all/trust.rs"]
mod trust;

use node::connect;

mod node {
    //! The adapter against a node on loopback.

    use std::collections::BTreeSet;
    use std::sync::{Arc, RwLock};
    use std::time::Duration;

    use vesting_chain::{ChainOptions, SubxtChain};
    use vesting_core::ports::{
        Ask, ChainError, ChainPort, Fingerprint, NeuronsAsk, OwnWord, Roster, SubnetAsk,
    };
    use vesting_core::{BlockNumber, Coldkey, Hotkey, NetUid};
    use vesting_testkit::contract;
    use vesting_testkit::fault::Fault;
    use vesting_testkit::history::History;
    use vesting_testkit::node::{NodeHandle, NodeOptions, serve};
    use vesting_testkit::sim::{Generation, RandomLife, Rng, SimChain, SimPort, SubnetConfig};

    async fn lived(seed: u64, blocks: u64) -> (NodeHandle, SimPort) {
        with_faults(seed, blocks, &[]).await
    }

    pub fn connect(urls: &[&str]) -> SubxtChain {
        let endpoints = urls.iter().copied().map(Into::into).collect();
        SubxtChain::new(ChainOptions {
            endpoints,
            deadline: Duration::from_secs(10),
            ..ChainOptions::new("")
        })
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_adapter_keeps_the_contract() {
        let (node, _) = lived(3, 80).await;
        contract::chain::run(&connect(&[&node.url()]), &RandomLife::NETUIDS, 70).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn over_json_rpc_everything_reads_as_in_memory() {
        let (mut generations, mut locks) = (BTreeSet::new(), 0);
        // Every generation, and upgrades between them.
        for seed in [2, 4, 9, 10, 20, 21, 24, 29] {
            let (node, memory) = lived(seed, 120).await;
            let chain = connect(&[&node.url()]);
            let ask = everything();
            for number in (0..=120).map(BlockNumber) {
                let (mut read, mut known) =
                    (chain.read(number, &ask).await.unwrap(), memory.read(number, &ask).await.unwrap());
                for state in read.subnets.values_mut().chain(known.subnets.values_mut()) {
                    // Fingerprints are each port's own.
                    state
                        .traces
                        .positions
                        .values_mut()
                        .for_each(|trace| trace.shares = Fingerprint::default());
                    state.traces.pools.values_mut().for_each(|print| *print = Fingerprint::default());
                    state
                        .traces
                        .coldkeys
                        .values_mut()
                        .for_each(|trace| trace.account = Fingerprint::default());
                    // A position without alpha may be looked at or not.
                    state.traces.positions.retain(|key, _| state.positions.contains_key(key));
                    state
                        .traces
                        .pools
                        .retain(|hotkey, _| state.positions.keys().any(|key| key.hotkey == *hotkey));
                }
                for (netuid, known) in &known.subnets {
                    let read = &read.subnets[netuid];
                    assert_eq!(
                        read.positions, known.positions,
                        "seed {seed}, block {number}, subnet {netuid}"
                    );
                    assert_eq!(read.locks, known.locks, "seed {seed}, block {number}, subnet {netuid}");
                    assert_eq!(read.traces, known.traces, "seed {seed}, block {number}, subnet {netuid}");
                }
                assert_eq!(read, known, "seed {seed}, block {number}");
                generations.insert(read.facts.spec_version);
                locks += read
                    .subnets
                    .values()
                    .filter_map(|state| state.locks.as_ref())
                    .map(|locks| locks.len())
                    .sum::<usize>();
            }
            assert_eq!(chain.disagreements(), [], "seed {seed}");
        }
        assert_eq!(
            generations,
            Generation::ALL.map(Generation::spec_version).into(),
            "every generation was read"
        );
        assert!(locks > 100, "locked stake was read {locks} times");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_snapshot_of_256_neurons_takes_at_most_ten_requests() {
        let netuid = NetUid(9);
        let mut rng = Rng::new(4);
        let neurons: Vec<_> = (0..256)
            .map(|n| (Coldkey(rng.key()), Hotkey(rng.key()), n, n % 8 == 0, 1_000_000_000 + n))
            .collect();
        let owner = (neurons[0].0, neurons[0].1);
        let history = Arc::new(RwLock::new(History::default()));
        let config = SubnetConfig { netuid, tempo: 10, owner, neurons, capacity: 256 };
        let mut sim = SimChain::new(4, &[config], Some(Arc::clone(&history)));
        (0..15).for_each(|_| sim.step());
        let node = serve(history, NodeOptions::default()).await.unwrap();
        let chain = connect(&[&node.url()]);
        let block = BlockNumber(12);
        let ask = |expected| {
            Ask::of(
                netuid,
                SubnetAsk { neurons: NeuronsAsk::WithPositions, expected, ..SubnetAsk::default() },
            )
        };
        chain.read(block, &Ask::events(&[netuid])).await.unwrap();
        let before = chain.requests().0;
        let state = chain.read(block, &ask(Roster::default())).await.unwrap().take(netuid);
        let requests = chain.requests().0 - before;
        assert_eq!((state.neurons.len(), state.positions.len()), (256, 256));
        assert!(requests <= 10, "{requests} requests");
        // Once it is known what to expect, it takes one round.
        let before = chain.requests().0;
        let next = chain.read(block.child(), &ask(state.roster())).await.unwrap().take(netuid);
        let requests = chain.requests().0 - before;
        assert_eq!(next.positions.len(), state.positions.len());
        assert!(requests <= 1, "{requests} requests");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_dead_endpoint_is_left_for_the_next_and_another_chain_is_refused() {
        let (node, _) = lived(1, 5).await;
        let (other, _) = lived(2, 5).await;
        let chain = connect(&["ws://127.0.0.1:9", &node.url()]);
        let genesis = chain.genesis().await;
        // The first call may meet the dead one; the calls go on at the next.
        assert!(genesis.is_ok() || matches!(genesis, Err(ChainError::Unreachable(_))));
        assert_eq!(chain.finalized_head().await.unwrap().number, BlockNumber(5));

        let chain = connect(&[&node.url(), &other.url()]);
        chain.finalized_head().await.unwrap();
        drop(node);
        let refused = chain.read(BlockNumber(3), &Ask::default()).await.unwrap_err();
        assert!(matches!(refused, ChainError::Unreachable(_)), "{refused}");
    }

    async fn with_faults(seed: u64, blocks: u64, faults: &[Fault]) -> (NodeHandle, SimPort) {
        let history = Arc::new(RwLock::new(History::default()));
        let mut life = RandomLife::new(seed);
        let mut chain = life.chain(seed, Some(Arc::clone(&history)));
        for _ in 0..blocks {
            life.step(&mut chain);
        }
        let options = NodeOptions { faults: faults.to_vec(), ..NodeOptions::default() };
        (serve(history, options).await.unwrap(), SimPort::new(Arc::new(RwLock::new(chain))))
    }

    /// A seed whose runtime is today's all along.
    fn steady(blocks: u64) -> u64 {
        let of_today = |seed: &u64| {
            let mut life = RandomLife::new(*seed);
            let mut chain = life.chain(*seed, None);
            let begins = chain.code() == Generation::Today;
            (0..blocks).for_each(|_| life.step(&mut chain));
            begins && chain.code() == Generation::Today
        };
        (1..).find(of_today).unwrap()
    }

    fn everything() -> Ask {
        let ask = SubnetAsk { neurons: NeuronsAsk::WithPositions, locks: true, ..SubnetAsk::default() };
        Ask {
            events: true,
            subnets: RandomLife::NETUIDS.map(|netuid| (netuid, ask.clone())).into(),
            apart: false,
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn once_the_runtime_contradicts_its_storage_its_word_is_taken_and_said_so() {
        let (node, memory) = with_faults(steady(60), 60, &[Fault::Disagree]).await;
        let chain = connect(&[&node.url()]);
        let mut compared = everything();
        compared.subnets.values_mut().for_each(|ask| ask.own_word = OwnWord::ComparedSince(BlockNumber(0)));
        let mut refused = BTreeSet::new();
        for number in (1..=60).map(BlockNumber) {
            let mut told = loop {
                match chain.read(number, &compared).await {
                    Err(ChainError::Contradicted { netuid, spec_version, agreed, .. }) => {
                        assert_eq!(agreed, None);
                        // Until what was recorded by storage is taken back, nothing more is read.
                        assert!(matches!(
                            chain.read(number, &everything()).await,
                            Err(ChainError::Contradicted { .. })
                        ));
                        chain.taken_back(netuid, spec_version).await;
                        assert!(refused.insert((netuid, spec_version)), "subnet {netuid} once more");
                    }
                    read => break read.unwrap(),
                }
            };
            let mut known = memory.read(number, &everything()).await.unwrap();
            for netuid in RandomLife::NETUIDS {
                let (told, known) = (told.take(netuid), known.take(netuid));
                for (key, alpha) in known.positions {
                    assert_eq!(
                        told.positions.get(&key).map(|told| told.0),
                        Some(alpha.0 + 1),
                        "block {number}, {key:?}"
                    );
                }
            }
        }
        assert!(refused.len() >= 2, "{refused:?}");
        let found = chain.disagreements();
        assert!(
            !found.is_empty() && found.iter().all(|found| found.runtime.0 == found.storage.0 + 1),
            "{found:?}"
        );
        assert!(found[0].to_string().contains("the runtime is asked"), "{}", found[0]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_node_that_stalls_or_limits_calls_is_got_over() {
        let (stalls, _) = with_faults(3, 40, &[Fault::Stall(12)]).await;
        let (serves, _) = with_faults(3, 40, &[]).await;
        let urls = [stalls.url(), serves.url()];
        let endpoints = urls.iter().cloned().map(Into::into).collect();
        let options =
            ChainOptions { endpoints, deadline: Duration::from_millis(300), ..ChainOptions::new("") };
        let chain = SubxtChain::new(options);
        for number in 1..=40 {
            chain.read(BlockNumber(number), &everything()).await.unwrap();
        }
        assert!(serves.requests().values().sum::<u64>() > 0, "the next endpoint took over");
        let calls = chain.calls();
        let of = |url: &str| {
            calls
                .iter()
                .filter(|calls| calls.endpoint == url)
                .fold((0, 0), |(made, failed), calls| (made + calls.made, failed + calls.failed))
        };
        let (made, failed) = of(&urls[0]);
        assert!(failed > 0 && failed < made, "{calls:?}");
        assert_eq!((of(&urls[1]).1, made + of(&urls[1]).0), (0, chain.requests().0), "{calls:?}");
        assert_eq!((chain.switches(), chain.newest_head()), (1, Some(BlockNumber(40))));
        let asked = serves.requests();
        for call in calls.iter().filter(|calls| calls.endpoint == urls[1]) {
            assert_eq!(asked.get(call.method), Some(&call.made), "{calls:?} {asked:?}");
        }

        let (limits, _) = with_faults(3, 10, &[Fault::Refuse(4)]).await;
        let chain = connect(&[&limits.url()]);
        for number in 1..=10 {
            chain.read(BlockNumber(number), &everything()).await.unwrap();
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn pruned_state_is_named_and_found_elsewhere() {
        let (pruned, _) = with_faults(3, 60, &[Fault::Pruned(20)]).await;
        let chain = connect(&[&pruned.url()]);
        assert!(chain.read(BlockNumber(50), &everything()).await.is_ok());
        let refused = chain.read(BlockNumber(10), &everything()).await.unwrap_err();
        assert!(matches!(refused, ChainError::Pruned { .. }), "{refused}");
        let (archive, _) = with_faults(3, 60, &[]).await;
        let chain = connect(&[&pruned.url(), &archive.url()]);
        assert!(chain.read(BlockNumber(10), &everything()).await.is_ok());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_head_that_does_not_move_is_looked_for_elsewhere() {
        let (frozen, _) = with_faults(3, 60, &[Fault::Frozen(30)]).await;
        let (serves, _) = with_faults(3, 60, &[]).await;
        let options = ChainOptions {
            endpoints: vec![frozen.url().into(), serves.url().into()],
            query_interval: Duration::from_millis(50),
            block_patience: Duration::from_millis(300),
            ..ChainOptions::new("")
        };
        let chain = SubxtChain::new(options);
        assert_eq!(chain.wait_for_head_above(BlockNumber(0)).await.unwrap().number, BlockNumber(30));
        assert_eq!(chain.wait_for_head_above(BlockNumber(30)).await.unwrap().number, BlockNumber(60));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_followed_block_takes_few_requests_however_many_subnets() {
        let history = Arc::new(RwLock::new(History::default()));
        let mut life = RandomLife::new(18);
        let mut sim = life.chain(18, Some(Arc::clone(&history)));
        (0..60).for_each(|_| life.step(&mut sim));
        let options =
            NodeOptions { advance: Some(Duration::from_secs(3_600)), start_at: 60, ..NodeOptions::default() };
        let node = serve(history, options).await.unwrap();
        let chain = Arc::new(connect(&[&node.url()]));
        let store = Arc::new(vesting_core::MemoryStore::new());
        let mut monitor =
            vesting_core::BlockchainMonitor::open(chain.clone(), store.clone(), &RandomLife::NETUIDS, 8)
                .await
                .unwrap();
        monitor.follow(BlockNumber(1), Some(BlockNumber(60)), &mut |_| {}).await.unwrap();
        let (mut epochs, mut quiet, mut beyond, mut all) = (0, 0, 0, 0);
        for number in 61..=160u32 {
            life.step(&mut sim);
            // A runtime that was just met, or must be asked for what its storage lacks, takes more.
            let called = || node.requests().get("state_call").copied().unwrap_or(0);
            let before = (chain.requests().0, epochs, called());
            node.set_head(number);
            let until = BlockNumber(u64::from(number));
            let head = chain.wait_for_head_above(until.parent()).await.unwrap();
            monitor
                .advance(BlockNumber(1), head.number, vesting_core::Pace::Following, &mut |state| {
                    epochs += state.epochs
                })
                .await
                .unwrap();
            let requests = chain.requests().0 - before.0;
            if epochs == before.1 && called() == before.2 {
                quiet += 1;
                all += requests;
                // Keys that were never heard of before are asked for besides, once.
                beyond += u64::from(requests > 6);
                assert!(requests <= 16, "block {number}: {requests} requests");
            }
        }
        println!("{quiet} blocks between epochs took {all} requests, {beyond} of them more than six");
        // In most of them somebody did something: the block is read twice then, and where its events do not
        // say all, each of the states around it.
        assert!(
            quiet > 15 && all <= 3 * quiet && beyond * 10 <= quiet,
            "{quiet} blocks, {all} requests, {beyond} beyond six"
        );
    }
}
