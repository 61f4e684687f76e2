//! The route through history: the blocks that end an interval, found without reading the others.
//!
//! `LastMechansimStepBlock` is a linked list (docs/chain.md#the-list-of-epochs): read at B−1 it names the
//! epoch before B. A subnet may also be dissolved and its netuid registered anew. `NetworkRegisteredAt`
//! separates these registrations. Where the chain counts registrations, the count shows whether there was
//! another one between.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::block::SubnetCounters;
use crate::ports::{ChainError, ChainPort, NeuronsAsk, Roster, SubnetAsk};
use crate::record::agreed::agreed_glance;
use crate::units::{BlockNumber, BlockRef, Millis, NetUid, Neuron, SubnetOwner};

/// The number of blocks for which a walk of its own is worth its first read.
const BLOCKS_A_WALK: u64 = 2_000;

/// A block to stop at: it ends an interval.
#[derive(Debug, Clone)]
pub(crate) struct Stop {
    pub(crate) number: BlockNumber,
    pub(crate) reason: StopReason,
}

/// Why a block is a stop.
#[derive(Debug, Clone)]
pub(crate) enum StopReason {
    /// An epoch, with its parent block, the time of the parent, and the neurons and the owner in the parent's
    /// state.
    Epoch { edge: (BlockRef, Millis), neurons: Arc<[Neuron]>, owner: Option<SubnetOwner> },
    /// The subnet of the parent's state no longer exists.
    End,
    /// The subnet does not exist around this block, or is registered in it.
    Absent,
    /// The end of the route.
    Last,
}

/// The registration of a subnet in the state of some block.
#[derive(Debug, Clone, Copy)]
struct Glance {
    number: BlockNumber,
    registered_at: Option<BlockNumber>,
    /// How often the netuid was registered so far, where the chain counts that.
    registrations: Option<u64>,
}

impl Glance {
    /// How often the netuid was registered after this block and up to `later`, where the chain counts that.
    fn registrations_until(&self, later: &Self) -> Option<u64> {
        self.registrations.zip(later.registrations).map(|(before, after)| after.saturating_sub(before))
    }
}

/// A part of history in which the same subnet exists throughout.
struct Registration {
    after: BlockNumber,
    to: BlockNumber,
    registered_at: BlockNumber,
}

/// Finds the stops of a subnet.
pub(crate) struct Route<'a> {
    pub(crate) chain: &'a dyn ChainPort,
    pub(crate) netuid: NetUid,
    pub(crate) in_flight: usize,
}

impl Route<'_> {
    /// The stops after `from` up to `to`, in order. The last one is `to`.
    pub(crate) async fn stops(&self, from: BlockNumber, to: BlockNumber) -> Result<Vec<Stop>, ChainError> {
        let (registrations, mut stops) = self.registrations(from, to).await?;
        for registration in registrations {
            stops.extend(self.epochs(&registration).await?);
        }
        if stops.iter().all(|stop| stop.number != to) {
            stops.push(Stop { number: to, reason: StopReason::Last });
        }
        stops.sort_by_key(|stop| stop.number);
        Ok(stops)
    }

    async fn counters(&self, number: BlockNumber) -> Result<Option<SubnetCounters>, ChainError> {
        Ok(agreed_glance(self.chain, number, &[self.netuid]).await?.subnets.get(&self.netuid).copied())
    }

    async fn glance(&self, number: BlockNumber) -> Result<Glance, ChainError> {
        let facts = agreed_glance(self.chain, number, &[self.netuid]).await?;
        let registered_at = facts.subnets.get(&self.netuid).map(|counters| counters.registered_at);
        Ok(Glance { number, registered_at, registrations: facts.registrations.get(&self.netuid).copied() })
    }

    /// The registrations of the netuid, the stops at their ends, and the stops where no subnet exists.
    async fn registrations(
        &self,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<(Vec<Registration>, Vec<Stop>), ChainError> {
        let (mut registrations, mut stops) = (Vec::new(), Vec::new());
        let mut parts = vec![(self.glance(from).await?, self.glance(to).await?)];
        while let Some((low, high)) = parts.pop() {
            if low.number >= high.number {
                continue;
            }
            match (low.registered_at, high.registered_at) {
                (Some(registered_at), Some(other)) if registered_at == other => {
                    registrations.push(Registration { after: low.number, to: high.number, registered_at });
                }
                (Some(registered_at), _) => {
                    let end = self.end_of(registered_at, low.number, high.number).await?;
                    registrations.push(Registration {
                        after: low.number,
                        to: end.number.parent(),
                        registered_at,
                    });
                    stops.push(Stop { number: end.number, reason: StopReason::End });
                    parts.push((end, high));
                }
                (None, Some(registered_at)) if registered_at > low.number && registered_at <= high.number => {
                    stops.push(Stop { number: registered_at, reason: StopReason::Absent });
                    registrations.push(Registration { after: registered_at, to: high.number, registered_at });
                    // If the count rose by one, this was the only registration.
                    if low.registrations_until(&high) != Some(1) {
                        parts.push((low, self.glance(registered_at.parent()).await?));
                    }
                }
                (None, None) if low.registrations_until(&high) == Some(0) => {}
                // A subnet was registered and dissolved between.
                (None, None)
                    if low.registrations_until(&high).is_some() && high.number > low.number.child() =>
                {
                    let middle = self.glance(BlockNumber(low.number.0.midpoint(high.number.0))).await?;
                    parts.extend([(low, middle), (middle, high)]);
                }
                // A subnet may have been registered and dissolved between. Only reading every block shows
                // that.
                (None, _) => {
                    let blocks = low.number.child().0..=high.number.0;
                    stops.extend(
                        blocks.map(|number| Stop { number: BlockNumber(number), reason: StopReason::Absent }),
                    );
                }
            }
        }
        Ok((registrations, stops))
    }

    /// The first block after `low` whose state no longer has the subnet that was registered at that block.
    /// `high` is such a block.
    async fn end_of(
        &self,
        registered_at: BlockNumber,
        low: BlockNumber,
        high: BlockNumber,
    ) -> Result<Glance, ChainError> {
        let (mut low, mut high) = (low, self.glance(high).await?);
        while high.number > low.child() {
            let middle = self.glance(BlockNumber(low.0.midpoint(high.number.0))).await?;
            if middle.registered_at == Some(registered_at) {
                low = middle.number;
            } else {
                high = middle;
            }
        }
        Ok(high)
    }

    /// The epochs of a registration. They are walked back from several blocks at once.
    async fn epochs(&self, registration: &Registration) -> Result<Vec<Stop>, ChainError> {
        let length = registration.to.0.saturating_sub(registration.after.0);
        let walks = (length / BLOCKS_A_WALK).clamp(1, u64::try_from(self.in_flight).unwrap_or(1));
        let place =
            |part: u64| BlockNumber(registration.after.0.saturating_add(length.saturating_mul(part) / walks));
        let found: Vec<Vec<Stop>> = stream::iter(0..walks)
            .map(|part| self.walk(registration.registered_at, place(part), place(part.saturating_add(1))))
            .buffered(self.in_flight)
            .try_collect()
            .await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// The epochs after `after` up to `to`. They are walked back from `to`.
    async fn walk(
        &self,
        registered_at: BlockNumber,
        after: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<Stop>, ChainError> {
        let mut stops = Vec::new();
        let mut known: Arc<[Neuron]> = Arc::new([]);
        let mut counters = self.counters(to).await?;
        let mut read_at = to;
        while let Some(number) = counters.map(|counters| counters.last_step_block) {
            // An epoch from before the registration belongs to an earlier subnet.
            if number <= after || number < registered_at {
                // A wrong answer about an epoch shows in the block that it names. Here one wrong answer would
                // end the walk, so it is read again.
                let again = self.counters(read_at).await?;
                if again == counters {
                    break;
                }
                counters = again;
                continue;
            }
            read_at = number.parent();
            let expected = Roster { neurons: known.to_vec(), ..Roster::default() };
            let ask = SubnetAsk { neurons: NeuronsAsk::Yes, expected, ..SubnetAsk::default() };
            let mut read = self.chain.read(number.parent(), &crate::ports::Ask::of(self.netuid, ask)).await?;
            let state = read.take(self.netuid);
            // Most epochs have the same neurons as the next one, so they are kept once.
            if *known != state.neurons[..] {
                known = state.neurons.into();
            }
            let edge = (read.facts.block, read.facts.time);
            stops.push(Stop {
                number,
                reason: StopReason::Epoch { edge, neurons: Arc::clone(&known), owner: state.owner },
            });
            let before = read.facts.subnets.get(&self.netuid).copied();
            if before.is_some_and(|before| before.last_step_block >= number) {
                let why = format!(
                    "the state of block {} names an epoch of subnet {} that is still to come",
                    number.parent(),
                    self.netuid
                );
                return Err(ChainError::Malformed(why));
            }
            counters = before;
        }
        Ok(stops)
    }
}
