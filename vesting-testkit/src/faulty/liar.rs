//! A chain that gives one wrong answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use vesting_core::ports::{Ask, BlockState, ChainError, ChainPort, Fingerprint, SubnetState};
use vesting_core::{BlockHash, BlockNumber, BlockRef, Millis, Rao};

/// What is wrong with the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// The block's time is a millisecond too late.
    Time,
    /// The parent is another block.
    Parent,
    /// The last epoch is a block too early.
    LastStep,
    /// An epoch is no epoch, and a block that is none is one.
    Step,
    /// No subnet is there. An answer that is recorded stays right.
    Absent,
    /// There are no events.
    Silence,
    /// The last event is missing.
    Event,
    /// A position has a little too much. An answer that is recorded stays right.
    Alpha,
    /// A position is missing. An answer that is recorded stays right.
    Position,
    /// Two neurons have their owners swapped.
    Neurons,
    /// Every trace of the subnet is wrong.
    Traces,
}

impl Lie {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::Time,
        Self::Parent,
        Self::LastStep,
        Self::Step,
        Self::Absent,
        Self::Silence,
        Self::Event,
        Self::Alpha,
        Self::Position,
        Self::Neurons,
        Self::Traces,
    ];

    fn tell(self, ask: &Ask, answer: &mut BlockState) {
        let number = answer.facts.block.number;
        match self {
            Self::Time => answer.facts.time = Millis(answer.facts.time.0.saturating_add(1)),
            Self::Parent => answer.facts.parent_hash = BlockHash([7; 32]),
            Self::LastStep => {
                answer
                    .facts
                    .subnets
                    .values_mut()
                    .for_each(|counters| counters.last_step_block = counters.last_step_block.parent());
            }
            Self::Step => answer.facts.subnets.values_mut().for_each(|counters| {
                let was = counters.blocks_since_last_step == 0;
                (counters.blocks_since_last_step, counters.last_step_block) =
                    if was { (1, counters.last_step_block) } else { (0, number) };
            }),
            Self::Absent if ask.subnets.values().any(|ask| ask.recorded) => {}
            Self::Absent => {
                answer.facts.subnets.clear();
                answer.subnets.values_mut().for_each(|state| {
                    let coldkeys =
                        state.traces.coldkeys.keys().map(|coldkey| (*coldkey, Default::default())).collect();
                    *state = SubnetState::default();
                    state.traces.coldkeys = coldkeys;
                });
            }
            Self::Silence => answer.facts.events.clear(),
            Self::Event => drop(answer.facts.events.pop()),
            Self::Alpha | Self::Position | Self::Neurons | Self::Traces => {
                for (netuid, state) in &mut answer.subnets {
                    let recorded = ask.subnets.get(netuid).is_some_and(|ask| ask.recorded);
                    self.tell_of(recorded, state);
                }
            }
        }
    }

    fn tell_of(self, recorded: bool, state: &mut SubnetState) {
        match self {
            Self::Alpha if !recorded => {
                if let Some(alpha) = state.positions.values_mut().next() {
                    *alpha = Rao(alpha.0.saturating_add(1_000));
                }
            }
            Self::Position if !recorded => drop(state.positions.pop_last()),
            Self::Neurons => {
                if let [first, .., last] = state.neurons.as_mut_slice() {
                    std::mem::swap(&mut first.coldkey, &mut last.coldkey);
                }
            }
            Self::Traces => {
                let other = || Fingerprint(vec![9]);
                state.traces.positions.values_mut().for_each(|trace| trace.shares = other());
                state.traces.pools.values_mut().for_each(|pool| *pool = other());
                state.traces.coldkeys.values_mut().for_each(|coldkey| coldkey.account = other());
            }
            _ => {}
        }
    }
}

/// A chain that passes every call on to another one, and changes one answer.
pub struct Liar {
    inner: Arc<dyn ChainPort>,
    lie: Lie,
    /// The number of the read whose answer is wrong, from 0.
    at: u64,
    reads: AtomicU64,
}

impl Liar {
    /// A chain over another one, with a lie in the answer to read number `at`.
    pub fn new(inner: Arc<dyn ChainPort>, lie: Lie, at: u64) -> Self {
        Self { inner, lie, at, reads: AtomicU64::new(0) }
    }

    /// The number of reads so far.
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl ChainPort for Liar {
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
        let read = self.reads.fetch_add(1, Ordering::Relaxed);
        let mut answer = self.inner.read(number, ask).await?;
        if read == self.at {
            self.lie.tell(ask, &mut answer);
        }
        Ok(answer)
    }
}
