//! Providers that refuse, limit, lag, lie about their chain or say nothing.

use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use vesting_chain::{ChainOptions, SubxtChain};
use vesting_core::BlockNumber;
use vesting_core::ports::{Ask, ChainError, ChainPort, NeuronsAsk, SubnetAsk};
use vesting_testkit::fault::Fault;
use vesting_testkit::gate::{Gate, open};
use vesting_testkit::history::History;
use vesting_testkit::node::{NodeHandle, NodeOptions, serve};
use vesting_testkit::sim::RandomLife;
use vesting_testkit::spoil::Spoil;

async fn node(seed: u64, blocks: u64, faults: &[Fault]) -> NodeHandle {
    advancing(seed, blocks, faults, None).await
}

/// One whose head advances by a block every so often.
async fn advancing(seed: u64, blocks: u64, faults: &[Fault], advance: Option<Duration>) -> NodeHandle {
    let history = Arc::new(RwLock::new(History::default()));
    let mut life = RandomLife::new(seed);
    let mut chain = life.chain(seed, Some(Arc::clone(&history)));
    (0..blocks).for_each(|_| life.step(&mut chain));
    serve(history, NodeOptions { advance, faults: faults.to_vec(), ..NodeOptions::default() }).await.unwrap()
}

fn options(urls: &[&str]) -> ChainOptions {
    let endpoints = urls.iter().copied().map(Into::into).collect();
    ChainOptions { endpoints, deadline: Duration::from_secs(5), ..ChainOptions::new("") }
}

fn connect(urls: &[&str]) -> SubxtChain {
    SubxtChain::new(options(urls))
}

fn everything() -> Ask {
    let ask = SubnetAsk { neurons: NeuronsAsk::WithPositions, ..SubnetAsk::default() };
    Ask {
        events: true,
        subnets: RandomLife::NETUIDS.map(|netuid| (netuid, ask.clone())).into(),
        apart: false,
    }
}

/// Reads blocks and gives what was read.
async fn read(
    chain: &SubxtChain,
    blocks: std::ops::RangeInclusive<u64>,
) -> Vec<vesting_core::ports::BlockState> {
    let mut states = Vec::new();
    for number in blocks {
        states.push(chain.read(BlockNumber(number), &everything()).await.unwrap());
    }
    states
}

/// Reads so many blocks at once.
async fn read_at_once(chain: &Arc<SubxtChain>, blocks: u64) {
    let reads: Vec<_> = (1..=blocks)
        .map(|number| {
            let chain = Arc::clone(chain);
            tokio::spawn(async move { chain.read(BlockNumber(number), &everything()).await.map(|_| ()) })
        })
        .collect();
    for read in reads {
        read.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_that_say_nothing_about_the_chain_are_got_over() {
    let good = node(3, 12, &[]).await;
    let expected = read(&connect(&[&good.url()]), 9..=12).await;
    for code in
        [-32_000, -32_603, -32_602, -32_010, 4_003, 17, -32_004, -32_005, -32_008, -32_009, -32_999, 429]
    {
        let fails = node(3, 12, &[Fault::Error { code, every: 7 }]).await;
        assert_eq!(read(&connect(&[&fails.url()]), 9..=12).await, expected, "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_always_fails_is_told_of_as_passing() {
    for code in [-32_000, -32_603] {
        let fails = node(3, 5, &[Fault::Error { code, every: 1 }]).await;
        let chain = connect(&[&fails.url()]);
        let error = chain.read(BlockNumber(3), &Ask::default()).await.unwrap_err();
        assert!(error.is_passing() && error.to_string().contains(&code.to_string()), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_made_as_small_as_an_endpoint_takes_them() {
    let good = node(3, 12, &[]).await;
    let expected = read(&connect(&[&good.url()]), 1..=12).await;
    let strict = node(3, 12, &[Fault::Keys(16)]).await;
    let chain = connect(&[&strict.url()]);
    assert_eq!(read(&chain, 1..=12).await, expected);
    // What it takes is remembered: refusals are few, and become fewer.
    let refused = |chain: &SubxtChain| chain.calls().iter().map(|calls| calls.failed).sum::<u64>();
    let once = refused(&chain);
    assert!(once > 0 && once < 16, "{once}");
    read(&chain, 1..=12).await;
    assert!(refused(&chain) - once <= 4, "{once}, then {}", refused(&chain));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_understood_is_read_again() {
    let good = node(3, 12, &[]).await;
    let expected = read(&connect(&[&good.url()]), 1..=12).await;
    let cuts = node(3, 12, &[Fault::Spoil { how: Spoil::Cut, every: 25 }]).await;
    assert_eq!(read(&connect(&[&cuts.url()]), 1..=12).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_of_a_block_that_there_is_not_stops_nobody() {
    let good = node(3, 40, &[]).await;
    let expected = read(&connect(&[&good.url()]), 1..=30).await;
    let ahead = advancing(3, 40, &[Fault::Ahead(3)], Some(Duration::from_millis(50))).await;
    let chain = connect(&[&ahead.url()]);
    let following = async {
        let mut states = Vec::new();
        for number in (1..=30).map(BlockNumber) {
            chain.wait_for_head_above(number.parent()).await.unwrap();
            // What is not there yet is waited for.
            states.push(loop {
                match chain.read(number, &everything()).await {
                    Err(error) if error.is_passing() => {}
                    read => break read.unwrap(),
                }
            });
        }
        states
    };
    assert_eq!(tokio::time::timeout(Duration::from_secs(120), following).await.unwrap(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_lost_is_asked_for_again_long_before_its_deadline() {
    let good = node(3, 12, &[]).await;
    let expected = read(&connect(&[&good.url()]), 1..=4).await;
    let swallows = node(3, 12, &[Fault::Swallow(15)]).await;
    let chain = Arc::new(SubxtChain::new(ChainOptions {
        deadline: Duration::from_secs(600),
        ..options(&[&swallows.url()])
    }));
    // Others are answered all the while.
    let other = tokio::spawn({
        let chain = Arc::clone(&chain);
        async move {
            loop {
                let _ = chain.read(BlockNumber(5), &Ask::default()).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    });
    // By far not a deadline.
    let states = tokio::time::timeout(Duration::from_secs(300), read(&chain, 1..=4)).await.unwrap();
    other.abort();
    assert_eq!(states, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_meters_storage_work_is_read_at_the_pace_it_allows() {
    let good = node(3, 12, &[]).await;
    let expected = read(&connect(&[&good.url()]), 1..=12).await;
    let meters = node(3, 12, &[Fault::KeysPerSecond(120)]).await;
    let chain = Arc::new(connect(&[&meters.url()]));
    let reads = (1..=12).map(|number| {
        let chain = Arc::clone(&chain);
        tokio::spawn(async move { chain.read(BlockNumber(number), &everything()).await.unwrap() })
    });
    let mut states = Vec::new();
    for read in reads.collect::<Vec<_>>() {
        states.push(read.await.unwrap());
    }
    assert_eq!(states, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_lags_is_asked_again() {
    let good = node(3, 12, &[]).await;
    let expected = read(&connect(&[&good.url()]), 1..=12).await;
    for every in [2, 3] {
        let lags = node(3, 12, &[Fault::Lags(every)]).await;
        let chain = connect(&[&lags.url()]);
        assert_eq!(chain.finalized_head().await.unwrap().number, BlockNumber(12));
        assert_eq!(read(&chain, 1..=12).await, expected);
    }
    // A block that stays unknown is not there yet, and that passes.
    let options = ChainOptions { lag_patience: Duration::from_millis(300), ..options(&[&good.url()]) };
    let chain = SubxtChain::new(options);
    assert_eq!(
        chain.read(BlockNumber(13), &everything()).await.unwrap_err(),
        ChainError::NoSuchBlock(BlockNumber(13))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_of_another_chain_is_passed_over() {
    let (one, other) = (node(1, 5, &[]).await, node(2, 5, &[]).await);
    let genesis = connect(&[&one.url()]).genesis().await.unwrap();
    // What is known of the chain decides, not who answers first.
    let chain = connect(&[&other.url(), &one.url()]);
    chain.expect_genesis(genesis);
    assert_eq!(chain.genesis().await, Ok(genesis));
    assert_eq!(
        chain.read(BlockNumber(5), &Ask::default()).await,
        connect(&[&one.url()]).read(BlockNumber(5), &Ask::default()).await
    );
    let asked: u64 = other.requests().values().sum();
    assert_eq!(asked, 2, "only which chain it serves, by hash and header: {:?}", other.requests());
    // Where none is right, that is said.
    let chain = connect(&[&other.url()]);
    chain.expect_genesis(genesis);
    let refused = chain.finalized_head().await.unwrap_err();
    assert!(matches!(&refused, ChainError::OtherChain { expected, .. } if *expected == genesis), "{refused}");
    // Without knowing, the first that answers decides.
    let chain = connect(&["ws://127.0.0.1:9", &one.url(), &other.url()]);
    assert_eq!(chain.genesis().await, Ok(genesis));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_that_is_not_the_genesis_is_not_taken_for_it() {
    let good = node(3, 12, &[]).await;
    let genesis = connect(&[&good.url()]).genesis().await.unwrap();
    for how in [Spoil::Shifted, Spoil::Invented] {
        let wrong = node(3, 12, &[Fault::Spoil { how, every: 2 }]).await;
        for _ in 0..40 {
            assert_eq!(connect(&[&wrong.url()]).genesis().await, Ok(genesis));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_of_no_block_does_not_make_its_state_a_discarded_one() {
    let good = node(3, 400, &[]).await;
    let expected = read(&connect(&[&good.url()]), 1..=12).await;
    let invents = node(3, 400, &[Fault::Spoil { how: Spoil::Invented, every: 10 }]).await;
    for _ in 0..8 {
        assert_eq!(read(&connect(&[&invents.url()]), 1..=12).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mute_endpoint_costs_one_deadline_however_many_wait_for_it() {
    let serves = node(3, 40, &[]).await;
    // One that says nothing at all, and one that falls silent.
    let mute = open(&serves.url(), Gate::Mute).await.unwrap();
    let stalls = node(3, 40, &[Fault::Stall(30)]).await;
    for first in [mute.url(), stalls.url()] {
        let deadline = Duration::from_secs(3);
        let options =
            ChainOptions { deadline, max_requests_in_flight: 4, ..options(&[&first, &serves.url()]) };
        let chain = Arc::new(SubxtChain::new(options));
        let begun = Instant::now();
        read_at_once(&chain, 40).await;
        // Forty reads in fours would take ten deadlines and more. What is asserted is how often it was tried.
        println!("{:?}", begun.elapsed());
        assert_eq!(chain.switches(), 1, "{first}");
        let failed: u64 = chain
            .calls()
            .iter()
            .filter(|calls| first.starts_with(&calls.endpoint))
            .map(|calls| calls.failed)
            .sum();
        assert!((1..=8).contains(&failed), "{failed}: {:?}", chain.calls());
    }
    assert_eq!(mute.connections(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_handshake_is_waited_out_as_told() {
    let serves = node(3, 5, &[]).await;
    for status in [403, 429, 503] {
        let gate = Arc::new(open(&serves.url(), Gate::Status(status, Some(1))).await.unwrap());
        let chain = connect(&[&gate.url()]);
        let (gate, opens) = (Arc::clone(&gate), Arc::clone(&gate));
        let opening = tokio::spawn(async move {
            while opens.connections() < 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            opens.set(Gate::Open);
        });
        assert_eq!(chain.finalized_head().await.unwrap().number, BlockNumber(5), "{status}");
        opening.await.unwrap();
        assert!(gate.connections() <= 3, "{status}: {} connections", gate.connections());
    }
    // Too long for a call: it is told, and not tried before.
    let gate = open(&serves.url(), Gate::Status(429, Some(600))).await.unwrap();
    let chain = connect(&[&gate.url()]);
    for _ in 0..5 {
        let refused = chain.finalized_head().await.unwrap_err();
        assert!(
            matches!(refused, ChainError::Limited { wait, .. } if wait > Duration::from_secs(590)),
            "{refused}"
        );
        assert!(refused.is_passing() && refused.to_string().contains("429"), "{refused}");
    }
    assert_eq!(gate.connections(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_not_dodged_within_the_family_but_elsewhere() {
    let serves = node(3, 5, &[]).await;
    let port = |url: &str| url.rsplit_once(':').unwrap().1.to_owned();
    // Two hosts of one family, and one of another.
    let (first, second) = (
        open(&serves.url(), Gate::Status(429, Some(300))).await.unwrap(),
        open(&serves.url(), Gate::Open).await.unwrap(),
    );
    let chain = connect(&[&first.url(), &second.url()]);
    assert!(matches!(chain.finalized_head().await, Err(ChainError::Limited { .. })));
    assert_eq!((first.connections(), second.connections()), (1, 0));
    let elsewhere = format!("ws://localhost:{}", port(&second.url()));
    let chain = connect(&[&first.url(), &elsewhere]);
    assert_eq!(chain.finalized_head().await.unwrap().number, BlockNumber(5));
    // A busy server is no policy.
    let busy = open(&serves.url(), Gate::Status(503, Some(300))).await.unwrap();
    let chain = connect(&[&busy.url(), &second.url()]);
    assert_eq!(chain.finalized_head().await.unwrap().number, BlockNumber(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_closed_for_a_policy_is_a_refusal() {
    let serves = node(3, 5, &[]).await;
    let gate = open(&serves.url(), Gate::Closes { code: 1_008, at: 3 }).await.unwrap();
    let other = open(&serves.url(), Gate::Open).await.unwrap();
    // The other one is of the same family, so it is not asked meanwhile.
    let chain = Arc::new(connect(&[&gate.url(), &other.url()]));
    let asking = Arc::clone(&chain);
    let asked = tokio::spawn(async move { asking.finalized_head().await });
    while !chain.calls().iter().any(|calls| calls.method == "chain_getFinalizedHead" && calls.failed > 0) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    gate.set(Gate::Open);
    assert_eq!(other.connections(), 0);
    assert_eq!(asked.await.unwrap().unwrap().number, BlockNumber(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn userinfo_is_sent_decoded_and_told_to_nobody() {
    let serves = node(3, 5, &[]).await;
    let gate = open(&serves.url(), Gate::Open).await.unwrap();
    let url = gate.url().replace("ws://", "ws://al%40ice:s%3Aecret@");
    let chain = connect(&[&format!("{url}/hunter2")]);
    chain.finalized_head().await.unwrap();
    // base64 of `al@ice:s:ecret`.
    let head = gate.heads().pop().unwrap();
    assert!(
        head.contains("GET /hunter2 ")
            && head.to_lowercase().contains("authorization: basic ywxaawnlonm6zwnyzxq="),
        "{head}"
    );
    drop((gate, serves));
    let error = chain.finalized_head().await.unwrap_err().to_string();
    let told = format!("{error} {:?}", chain.calls());
    assert!(told.contains("ws://***@127.0.0.1"), "{told}");
    assert!(!["ecret", "hunter2", "ice"].iter().any(|secret| told.contains(secret)), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_http_url_is_refused_with_what_to_use() {
    for (url, instead) in [
        ("https://node.example.org", "wss://node.example.org"),
        ("http://127.0.0.1:9944", "ws://127.0.0.1:9944"),
    ] {
        let error = connect(&[url]).finalized_head().await.unwrap_err().to_string();
        assert!(error.contains(instead), "{error}");
    }
    // Beside one that can be used it is left out.
    let serves = node(3, 5, &[]).await;
    assert_eq!(
        connect(&["https://node.example.org", &serves.url()]).finalized_head().await.unwrap().number,
        BlockNumber(5)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_socket_is_left_after_two_missed_blocks() {
    // It tells a head, and then nothing any more.
    let stalls =
        advancing(3, 40, &[Fault::Stall(6), Fault::Frozen(12)], Some(Duration::from_millis(5))).await;
    let serves = node(3, 40, &[]).await;
    // Two blocks, on this chain.
    let options = ChainOptions {
        query_interval: Duration::from_millis(500),
        ..options(&[&stalls.url(), &serves.url()])
    };
    let chain = SubxtChain::new(ChainOptions { deadline: Duration::from_secs(600), ..options });
    let head = tokio::time::timeout(Duration::from_secs(60), async {
        let mut head = chain.wait_for_head_above(BlockNumber(1)).await?;
        while head.number < BlockNumber(40) {
            head = chain.wait_for_head_above(head.number).await?;
        }
        Ok::<_, ChainError>(head)
    });
    // By far not a deadline.
    assert_eq!(head.await.unwrap().unwrap().number, BlockNumber(40));
    assert_eq!(chain.switches(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_endpoint_with_a_mute_one_after_it_is_got_over_with_any_number_of_calls_in_flight() {
    let serves = node(3, 40, &[]).await;
    for in_flight in [1, 8, 64] {
        let dies = node(3, 40, &[]).await;
        let mute = open(&serves.url(), Gate::Mute).await.unwrap();
        let urls = [dies.url(), mute.url(), serves.url()];
        let endpoints = urls.map(Into::into).to_vec();
        let options = ChainOptions { endpoints, max_requests_in_flight: in_flight, ..ChainOptions::new("") };
        let chain = Arc::new(SubxtChain::new(options));
        chain.read(BlockNumber(1), &everything()).await.unwrap();
        drop(dies);
        let begun = Instant::now();
        read_at_once(&chain, 40).await;
        // One wait for all: not one after the other.
        println!("{in_flight} in flight: {:?}", begun.elapsed());
        assert_eq!(mute.connections(), 1, "{in_flight} in flight");
    }
}
