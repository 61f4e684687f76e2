//! A full subnet over a month, as busy as a real one. Catching up is measured on it.

use std::sync::{Arc, RwLock};

use vesting_core::{Coldkey, Hotkey, NetUid};

use super::units::ALPHA;
use crate::history::History;
use crate::sim::chain::state::SimChain;
use crate::sim::chain::subnet::SubnetConfig;
use crate::sim::operation::{Call, Operation};
use crate::sim::rng::Rng;
use crate::sim::runtime::generation::Generation;

/// A full subnet whose stake operations are spread over its blocks.
pub struct Month {
    rng: Rng,
    miners: Vec<(Coldkey, Hotkey)>,
    validators: Vec<Hotkey>,
    /// Coldkeys that own no neuron and trade on its hotkeys.
    traders: Vec<Coldkey>,
    netuid: NetUid,
    blocks: u64,
    operations: u64,
}

impl Month {
    /// The neurons of a full subnet.
    pub const NEURONS: usize = 256;
    /// The stake operations of its miners in 30 days.
    const OPERATIONS: u64 = 2_000;
    /// The neurons that validate.
    const VALIDATORS: usize = 16;
    /// The coldkeys that own no neuron and trade.
    const TRADERS: usize = 60;

    /// A subnet over `blocks` blocks. Its miners make about `operations` stake operations, and half as many
    /// extrinsics that change no stake. Others make as many stake operations.
    #[must_use]
    pub fn new(seed: u64, netuid: NetUid, blocks: u64, operations: u64) -> Self {
        Self::of_size(Self::NEURONS, seed, netuid, blocks, operations)
    }

    /// The same with another number of neurons: up to 2,500 on a subnet without consensus
    /// (docs/chain.md#a-subnet-without-consensus).
    #[must_use]
    pub fn of_size(neurons: usize, seed: u64, netuid: NetUid, blocks: u64, operations: u64) -> Self {
        let mut rng = Rng::new(seed);
        // There are about seven coldkeys to ten neurons.
        let coldkeys: Vec<Coldkey> = (0..(neurons * 45).div_ceil(64)).map(|_| Coldkey(rng.key())).collect();
        let miners: Vec<(Coldkey, Hotkey)> =
            (0..neurons).map(|n| (coldkeys[n % coldkeys.len()], Hotkey(rng.key()))).collect();
        let validators = miners.iter().take(Self::VALIDATORS).map(|(_, hotkey)| *hotkey).collect();
        let traders = (0..Self::TRADERS).map(|_| Coldkey(rng.key())).collect();
        Self { rng, miners, validators, traders, netuid, blocks, operations }
    }

    /// The stake operations of a busy subnet's miners in this many days.
    #[must_use]
    pub const fn operations(days: u64) -> u64 {
        Self::OPERATIONS * days / 30
    }

    /// The subnet at genesis.
    #[must_use]
    pub fn subnet(&mut self) -> SubnetConfig {
        let neurons = (0usize..)
            .zip(&self.miners)
            .map(|(n, (coldkey, hotkey))| {
                let validates = n < Self::VALIDATORS;
                let stake = if validates { 20_000 * ALPHA } else { self.rng.below(200 * ALPHA) };
                (*coldkey, *hotkey, if validates { 0 } else { 1 + self.rng.below(100) }, validates, stake)
            })
            .collect();
        let owner = self.miners.first().copied().unwrap_or((Coldkey([0; 32]), Hotkey([0; 32])));
        SubnetConfig { netuid: self.netuid, tempo: 360, owner, neurons, capacity: self.miners.len() }
    }

    /// The chain with this subnet alone. Every block is written into `history`, if there is one.
    #[must_use]
    pub fn chain(&mut self, seed: u64, history: Option<Arc<RwLock<History>>>) -> SimChain {
        self.chain_of(Generation::Today, seed, history)
    }

    /// As [`Self::chain`], of any generation.
    #[must_use]
    pub fn chain_of(
        &mut self,
        generation: Generation,
        seed: u64,
        history: Option<Arc<RwLock<History>>>,
    ) -> SimChain {
        let subnet = self.subnet();
        SimChain::of_generation(generation, seed, &[subnet], history)
    }

    /// Queues what its miners do in the next block.
    pub fn queue(&mut self, chain: &mut SimChain) {
        self.queue_others(chain);
        if self.rng.below(self.blocks) >= self.operations {
            return;
        }
        let netuid = self.netuid;
        let (Some((coldkey, hotkey)), Some(validator)) =
            (self.rng.pick(&self.miners).copied(), self.rng.pick(&self.validators).copied())
        else {
            return;
        };
        let held = chain.alpha(netuid, hotkey, coldkey);
        let part = 1 + self.rng.below(held.max(2) - 1);
        let call = match self.rng.below(100) {
            0..=54 => Call::RemoveStake { coldkey, hotkey, netuid, alpha: part },
            55..=79 => Call::AddStake { coldkey, hotkey, netuid, alpha: ALPHA + self.rng.below(20 * ALPHA) },
            80..=84 => Call::AddStake {
                coldkey,
                hotkey: validator,
                netuid,
                alpha: ALPHA + self.rng.below(20 * ALPHA),
            },
            85..=92 => Call::MoveStake {
                coldkey,
                from: hotkey,
                to: validator,
                from_netuid: netuid,
                to_netuid: netuid,
                alpha: part,
            },
            // The receiver is a new coldkey, which is no holder and owns nothing.
            93..=95 => Call::TransferStake {
                from: coldkey,
                to: Coldkey(self.rng.key()),
                hotkey,
                from_netuid: netuid,
                to_netuid: netuid,
                alpha: part,
            },
            96..=97 => Call::Recycle { coldkey, hotkey, netuid, alpha: part },
            _ => Call::Register { coldkey: Coldkey(self.rng.key()), hotkey: Hotkey(self.rng.key()), netuid },
        };
        chain.queue(call);
    }

    /// Queues what traders do, and calls of miners that change no stake.
    fn queue_others(&mut self, chain: &mut SimChain) {
        let netuid = self.netuid;
        if self.rng.below(self.blocks) < self.operations
            && let (Some(coldkey), Some(hotkey)) =
                (self.rng.pick(&self.traders).copied(), self.rng.pick(&self.validators).copied())
        {
            let held = chain.alpha(netuid, hotkey, coldkey);
            let alpha = ALPHA + self.rng.below(20 * ALPHA);
            chain.queue(if held > 0 && self.rng.once_in(2) {
                Call::RemoveStake { coldkey, hotkey, netuid, alpha }
            } else {
                Call::AddStake { coldkey, hotkey, netuid, alpha }
            });
        }
        if self.rng.below(self.blocks) < self.operations / 2
            && let Some((coldkey, _)) = self.rng.pick(&self.miners).copied()
        {
            chain.queue(Operation { calls: vec![Call::Fail], signer: Some(coldkey), ..Operation::default() });
        }
    }

    /// Makes the next block.
    pub fn step(&mut self, chain: &mut SimChain) {
        self.queue(chain);
        chain.step();
    }
}
