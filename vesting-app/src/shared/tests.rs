use std::sync::{Arc, Mutex, RwLock};

use async_trait::async_trait;
use vesting_core::ports::{Ask, BlockState, ChainError, ChainPort, ReadChain};
use vesting_core::{BlockFacts, BlockHash, BlockNumber, BlockRef, NetUid};
use vesting_testkit::sim::{RandomLife, SimChain, SimPort};

use super::SharedChain;

const BLOCKS: u64 = 20;
const NETUIDS: [NetUid; 2] = RandomLife::NETUIDS;

/// A chain that records what it is asked, and that can be made to fail.
struct ObservedChain {
    inner: SimPort,
    asked: Mutex<Vec<(BlockNumber, Vec<NetUid>)>>,
    /// The subnet whose counters cannot be read.
    unreadable: Option<NetUid>,
    /// How many of the next reads fail.
    failing: Mutex<u32>,
}

#[async_trait]
impl ChainPort for ObservedChain {
    async fn genesis(&self) -> Result<BlockHash, ChainError> {
        self.inner.genesis().await
    }

    async fn finalized_head(&self) -> Result<BlockRef, ChainError> {
        self.inner.finalized_head().await
    }

    async fn wait_for_head_above(&self, after: BlockNumber) -> Result<BlockRef, ChainError> {
        self.inner.wait_for_head_above(after).await
    }

    async fn read(&self, number: BlockNumber, ask: &Ask) -> Result<BlockState, ChainError> {
        self.asked.lock().unwrap().push((number, ask.subnets.keys().copied().collect()));
        tokio::task::yield_now().await;
        {
            let mut failing = self.failing.lock().unwrap();
            if *failing > 0 {
                *failing -= 1;
                return Err(ChainError::Unreachable("away".into()));
            }
        }
        let mut read = self.inner.read(number, ask).await?;
        if let Some(netuid) = self.unreadable.filter(|netuid| ask.subnets.contains_key(netuid)) {
            let error = ChainError::Malformed(format!("subnet {netuid} cannot be read"));
            if !ask.apart {
                return Err(error);
            }
            read.facts.subnets.remove(&netuid);
            read.unread.insert(netuid, error);
        }
        Ok(read)
    }
}

struct Stage {
    sim: Arc<RwLock<SimChain>>,
    life: RandomLife,
    chain: Arc<ObservedChain>,
    shared: Arc<SharedChain>,
}

impl Stage {
    fn new(unreadable: Option<NetUid>) -> Self {
        let mut life = RandomLife::new(5);
        let mut sim = life.chain(5, None);
        (0..BLOCKS).for_each(|_| life.step(&mut sim));
        let sim = Arc::new(RwLock::new(sim));
        let inner = SimPort::new(Arc::clone(&sim));
        let chain =
            Arc::new(ObservedChain { inner, asked: Mutex::default(), unreadable, failing: Mutex::new(0) });
        let shared = SharedChain::new(Arc::<ObservedChain>::clone(&chain), 4);
        Self { sim, life, chain, shared }
    }

    fn of(&self) -> [Arc<dyn ChainPort>; 2] {
        NETUIDS.map(|netuid| self.shared.of(netuid))
    }

    fn asked(&self) -> Vec<(BlockNumber, Vec<NetUid>)> {
        std::mem::take(&mut *self.chain.asked.lock().unwrap())
    }

    /// The facts that a subnet gets if its blocks are read for it alone.
    async fn alone(&self, number: BlockNumber, netuid: NetUid) -> BlockFacts {
        let chain: &dyn ChainPort = &self.chain.inner;
        chain.block(number, &[netuid]).await.unwrap()
    }
}

#[tokio::test]
async fn a_block_is_read_once_for_all_and_says_to_each_what_it_would_alone() {
    let stage = Stage::new(None);
    let views = stage.of();
    for number in (1..=BLOCKS).map(BlockNumber) {
        // Now one is first, now the other, now both at once.
        let [one, two] = &views;
        let facts = match number.0 % 3 {
            0 => <[_; 2]>::from(tokio::join!(
                one.next_block(number, &NETUIDS[..1]),
                two.next_block(number, &NETUIDS[1..])
            )),
            1 => [one.next_block(number, &NETUIDS[..1]).await, two.next_block(number, &NETUIDS[1..]).await],
            _ => {
                let second = two.next_block(number, &NETUIDS[1..]).await;
                [one.next_block(number, &NETUIDS[..1]).await, second]
            }
        };
        for (facts, netuid) in facts.into_iter().zip(NETUIDS) {
            assert_eq!(facts.unwrap(), stage.alone(number, netuid).await);
        }
    }
    // Nobody knew of the other at the first.
    let asked = stage.asked();
    assert_eq!(asked[..2], [(BlockNumber(1), vec![NETUIDS[0]]), (BlockNumber(1), vec![NETUIDS[1]])]);
    assert_eq!(
        asked[2..],
        (2..=BLOCKS).map(|number| (BlockNumber(number), NETUIDS.to_vec())).collect::<Vec<_>>()
    );
    assert_eq!(stage.shared.blocks.len(), 0, "nothing is kept that nobody will ask for");
}

#[tokio::test]
async fn who_asks_again_is_given_another_answer_and_what_failed_is_read_again() {
    let stage = Stage::new(None);
    let [one, two] = stage.of();
    let (first, second, third) = (BlockNumber(1), BlockNumber(2), BlockNumber(3));
    one.next_block(first, &NETUIDS[..1]).await.unwrap();
    two.next_block(first, &NETUIDS[1..]).await.unwrap();
    stage.asked();
    one.next_block(second, &NETUIDS[..1]).await.unwrap();
    one.next_block(second, &NETUIDS[..1]).await.unwrap();
    assert_eq!(stage.asked(), [(second, NETUIDS.to_vec()), (second, vec![NETUIDS[0]])]);
    // The other has had none yet.
    two.next_block(second, &NETUIDS[1..]).await.unwrap();
    assert_eq!(stage.asked(), []);
    *stage.chain.failing.lock().unwrap() = 1;
    let both = tokio::join!(one.next_block(third, &NETUIDS[..1]), two.next_block(third, &NETUIDS[1..]));
    assert!(both.0.is_err() && both.1.is_err(), "both waited for the same");
    assert_eq!(one.next_block(third, &NETUIDS[..1]).await.unwrap(), stage.alone(third, NETUIDS[0]).await);
    assert_eq!(two.next_block(third, &NETUIDS[1..]).await.unwrap(), stage.alone(third, NETUIDS[1]).await);
    assert_eq!(stage.asked(), [(third, NETUIDS.to_vec()), (third, NETUIDS.to_vec())]);
}

#[tokio::test]
async fn a_subnet_that_cannot_be_read_fails_alone() {
    let stage = Stage::new(Some(NETUIDS[1]));
    let [one, two] = stage.of();
    for number in (1..=BLOCKS).map(BlockNumber) {
        let facts = one.next_block(number, &NETUIDS[..1]).await.unwrap();
        assert_eq!(facts, stage.alone(number, NETUIDS[0]).await);
        let error = two.next_block(BlockNumber(1), &NETUIDS[1..]).await.unwrap_err();
        assert!(error.to_string().contains("cannot be read"));
    }
    // One read a block for the subnet that goes on; the other reads its own again.
    assert_eq!(
        stage.asked().iter().filter(|(number, _)| number.0 > 1).count(),
        usize::try_from(BLOCKS - 1).unwrap()
    );
}

#[tokio::test]
async fn what_is_kept_for_others_is_bounded() {
    let mut stage = Stage::new(None);
    for _ in 0..700 {
        stage.life.step(&mut stage.sim.write().unwrap());
    }
    let [one, two] = stage.of();
    two.next_block(BlockNumber(1), &NETUIDS[1..]).await.unwrap();
    let mut most = 0;
    for number in 1..=700 {
        one.next_block(BlockNumber(number), &NETUIDS[..1]).await.unwrap();
        most = most.max(stage.shared.blocks.len());
    }
    assert_eq!(most, 256 - 1);
    // A subnet that is too far behind shares no blocks, and reads alone until it is near again.
    assert!(stage.asked().iter().filter(|(number, _)| number.0 > 300).all(|(_, netuids)| netuids.len() == 1));
    let facts = two.next_block(BlockNumber(700), &NETUIDS[1..]).await.unwrap();
    assert_eq!(facts, stage.alone(BlockNumber(700), NETUIDS[1]).await);
}
