//! Random actors on two subnets.

use std::sync::{Arc, RwLock};

use vesting_core::{Coldkey, Hotkey, NetUid};

use super::units::ALPHA;
use crate::history::History;
use crate::sim::chain::state::SimChain;
use crate::sim::chain::subnet::SubnetConfig;
use crate::sim::operation::{Call, Operation, Order};
use crate::sim::rng::Rng;
use crate::sim::runtime::generation::Generation;

/// Two subnets of short tempo, whose actors do anything that a runtime allows, at random.
pub struct RandomLife {
    rng: Rng,
    /// A coldkey that acts for those who let it, and owns nothing.
    agent: Coldkey,
    /// A hotkey whose pool has shares and no alpha. It is used once a runtime can deal with such a pool.
    worthless: Hotkey,
    coldkeys: Vec<Coldkey>,
    hotkeys: Vec<Hotkey>,
    /// Whether the chain is upgraded to the next generation now and then.
    upgrades: bool,
}

impl RandomLife {
    /// The subnets of the chain.
    pub const NETUIDS: [NetUid; 2] = [NetUid(1), NetUid(2)];

    /// Actors with this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let coldkeys: Vec<Coldkey> = (0..6).map(|_| Coldkey(rng.key())).collect();
        let hotkeys = (0..9).map(|_| Hotkey(rng.key())).collect();
        let (agent, worthless) = (Coldkey(rng.key()), Hotkey(rng.key()));
        Self { rng, agent, worthless, coldkeys, hotkeys, upgrades: true }
    }

    /// The same, but only the caller upgrades the chain.
    #[must_use]
    pub fn without_upgrades(seed: u64) -> Self {
        Self { upgrades: false, ..Self::new(seed) }
    }

    /// The chain at genesis, of a random generation.
    #[must_use]
    pub fn chain(&mut self, seed: u64, history: Option<Arc<RwLock<History>>>) -> SimChain {
        let generation = self.rng.pick(&Generation::ALL).copied().unwrap_or(Generation::Today);
        self.chain_of(generation, seed, history)
    }

    /// The chain at genesis, of this generation.
    #[must_use]
    pub fn chain_of(
        &mut self,
        generation: Generation,
        seed: u64,
        history: Option<Arc<RwLock<History>>>,
    ) -> SimChain {
        let mut subnets = Vec::new();
        for netuid in Self::NETUIDS {
            let mut neurons = Vec::new();
            // The last hotkeys are not registered yet.
            for (index, hotkey) in self.hotkeys.iter().take(7).enumerate() {
                let coldkey = self.coldkeys[index % self.coldkeys.len()];
                neurons.push((
                    coldkey,
                    *hotkey,
                    self.rng.below(5),
                    self.rng.once_in(3),
                    self.rng.below(100) * ALPHA + self.rng.below(1_000),
                ));
            }
            let owner = (neurons[0].0, neurons[0].1);
            let tempo = u16::try_from(5 + self.rng.below(20)).unwrap_or(10);
            subnets.push(SubnetConfig { netuid, tempo, owner, neurons, capacity: 8 });
        }
        let mut chain = SimChain::of_generation(generation, seed, &subnets, history);
        self.settle(&mut chain);
        chain
    }

    /// Queues for the first block what only a longer history would bring about.
    fn settle(&mut self, chain: &mut SimChain) {
        chain.set_least_nomination(ALPHA / 5);
        let miscounted = Hotkey(self.rng.key());
        let coldkeys = self.coldkeys.clone();
        chain.own_hotkey(miscounted, coldkeys[1]);
        chain.own_hotkey(self.worthless, coldkeys[5]);
        for netuid in Self::NETUIDS {
            for coldkey in &coldkeys[1..4] {
                let alpha = ALPHA + self.rng.below(20 * ALPHA);
                chain.queue(Call::AddStake { coldkey: *coldkey, hotkey: miscounted, netuid, alpha });
            }
            chain.queue(Call::Miscount { netuid, hotkey: miscounted });
        }
        let contributors = [(coldkeys[2], 7), (coldkeys[3], 20)].into();
        let (netuid, coldkey, hotkey) = (Self::NETUIDS[0], coldkeys[0], self.hotkeys[0]);
        chain.queue(Call::Lease { netuid, coldkey, hotkey, contributors, interval: 3 });
        for coldkey in &coldkeys[..2] {
            chain.queue(Call::SetProxy { coldkey: *coldkey, delegate: self.agent, may: true });
        }
        self.hotkeys.push(miscounted);
    }

    /// Queues what happens in the next block, and makes the block.
    pub fn step(&mut self, chain: &mut SimChain) {
        while self.rng.once_in(3) {
            let operation = self.operation(chain);
            chain.queue(operation);
        }
        if self.rng.once_in(60) {
            chain.skip_next_epoch(self.netuid());
        }
        if self.rng.once_in(25) {
            let call = self.govern(chain);
            chain.queue(call);
        }
        if chain.code() >= Generation::Today && !self.hotkeys.contains(&self.worthless) {
            for netuid in Self::NETUIDS {
                chain.queue(Call::AddWorthlessShares {
                    netuid,
                    hotkey: self.worthless,
                    coldkeys: self.coldkeys.clone(),
                });
            }
            self.hotkeys.push(self.worthless);
        }
        // Nearly every block has root claims, and most of them bring nothing.
        for _ in 0..self.rng.below(3) {
            let (coldkey, hotkey, netuid) = (self.coldkey(), self.hotkey(), self.netuid());
            // Only where there is stake already. Otherwise alpha could be claimed and burned again without a
            // trace, and only who reads every block would see it.
            let brings = self.rng.once_in(8) && chain.alpha(netuid, hotkey, coldkey) > 0;
            let alpha = if brings { self.rng.below(ALPHA) } else { 0 };
            chain.queue(Operation {
                calls: vec![Call::ClaimRoot { coldkey, hotkey, netuid, alpha }],
                // Since the generation in which no claim keeps alpha, claims are made by extrinsics.
                scheduled: chain.code() < Generation::Today,
                ..Operation::default()
            });
        }
        if self.rng.once_in(40) {
            let (call, scheduled) = (self.identity(chain), self.rng.once_in(10));
            // Where stake events have no amounts, a move between the old and the new key in the block of
            // their swap looks like the swap.
            if chain.code() > Generation::Oldest {
                chain.queue(Operation { calls: vec![call], scheduled, ..Operation::default() });
            }
        }
        self.networks(chain);
        if self.rng.once_in(100)
            && self.upgrades
            && let Some(next) = chain.code().next()
        {
            chain.upgrade(next);
        }
        chain.step();
    }

    /// Calls of one actor, in one extrinsic, signed by the actor or by the agent.
    fn operation(&mut self, chain: &SimChain) -> Operation {
        let (coldkey, agent) = (self.coldkey(), self.agent);
        if self.rng.once_in(12) {
            let (delegate, may) =
                (if self.rng.once_in(2) { agent } else { self.coldkey() }, self.rng.below(4) > 0);
            return Call::SetProxy { coldkey, delegate, may }.into();
        }
        if self.rng.once_in(10) {
            let mut calls = vec![self.orders()];
            if self.rng.once_in(4) {
                calls.push(self.orders());
            }
            return Operation { calls, signer: Some(agent), ..Operation::default() };
        }
        let signer = if self.rng.once_in(4) { agent } else { coldkey };
        let mut operation =
            Operation { calls: vec![self.call(coldkey)], signer: Some(signer), ..Operation::default() };
        while self.rng.once_in(4) {
            let coldkey = if signer == agent { self.coldkey() } else { coldkey };
            operation.calls.push(self.call(coldkey));
        }
        operation.scheduled = self.rng.once_in(10);
        if !operation.scheduled && self.rng.once_in(10) {
            operation.fee = Some((signer, self.hotkey(), self.netuid(), 1_000 + self.rng.below(100_000)))
                .filter(|(c, h, n, alpha)| chain.alpha(*n, *h, *c) > *alpha);
        }
        operation
    }

    /// A call that changes a subnet without its miners' doing.
    fn govern(&mut self, chain: &SimChain) -> Call {
        let (netuid, hotkey) =
            (self.netuid(), if self.rng.once_in(3) { Hotkey(self.rng.key()) } else { self.hotkey() });
        match self.rng.below(6) {
            0 => Call::SetOwnerHotkey { netuid, hotkey: self.hotkey() },
            1 => Call::ClearSmall { netuid },
            2 => Call::Trim { netuid, left: 4 + usize::try_from(self.rng.below(4)).unwrap_or(0) },
            _ => Call::PassOwnership {
                netuid,
                coldkey: chain.owner_of(hotkey).unwrap_or_else(|| self.coldkey()),
                hotkey,
            },
        }
    }

    /// Orders of several actors, executed by the agent.
    fn orders(&mut self) -> Call {
        let orders = (0..=self.rng.below(4)).map(|_| {
            let (trader, hotkey) =
                (if self.rng.once_in(5) { self.agent } else { self.coldkey() }, self.hotkey());
            let alpha = if self.rng.once_in(9) { u64::MAX } else { self.rng.below(5 * ALPHA) + 1 };
            let sells = alpha == u64::MAX || self.rng.once_in(2);
            Order { trader, hotkey, sells, alpha }
        });
        let orders = orders.collect();
        Call::Orders { netuid: self.netuid(), orders, grouped: self.rng.below(3) > 0 }
    }

    /// A swap of a coldkey or a hotkey.
    fn identity(&mut self, chain: &SimChain) -> Call {
        let fresh = self.rng.below(3) > 0;
        if self.rng.once_in(2) {
            let (old, new) = (self.coldkey(), Coldkey(self.rng.key()));
            // A coldkey that was swapped away is not used again.
            self.coldkeys.retain(|coldkey| *coldkey != old);
            self.coldkeys.push(new);
            return Call::SwapColdkey { old, new };
        }
        let (old, new) = (self.hotkey(), if fresh { Hotkey(self.rng.key()) } else { self.hotkey() });
        if fresh {
            self.hotkeys.push(new);
        }
        let netuid = if self.rng.once_in(2) { None } else { Some(self.netuid()) };
        let coldkey = chain.owner_of(old).unwrap_or_else(|| self.coldkey());
        Call::SwapHotkey { coldkey, old, new, netuid, keep: self.rng.once_in(4) }
    }

    /// Dissolves the second subnet now and then, and registers its netuid again.
    fn networks(&mut self, chain: &mut SimChain) {
        let netuid = Self::NETUIDS[1];
        if chain.exists(netuid) {
            if self.rng.once_in(200) {
                chain.queue(Call::Dissolve { netuid });
            }
        } else if self.rng.once_in(20) {
            let tempo = u16::try_from(5 + self.rng.below(20)).unwrap_or(10);
            chain.queue(Call::RegisterNetwork {
                netuid,
                coldkey: self.coldkey(),
                hotkey: self.hotkey(),
                tempo,
            });
        }
    }

    fn coldkey(&mut self) -> Coldkey {
        self.rng.pick(&self.coldkeys).copied().unwrap_or(Coldkey([0; 32]))
    }

    fn hotkey(&mut self) -> Hotkey {
        self.rng.pick(&self.hotkeys).copied().unwrap_or(Hotkey([0; 32]))
    }

    fn netuid(&mut self) -> NetUid {
        self.rng.pick(&Self::NETUIDS).copied().unwrap_or(NetUid(1))
    }

    fn call(&mut self, coldkey: Coldkey) -> Call {
        let (hotkey, netuid) = (self.hotkey(), self.netuid());
        let (other, to, to_netuid) = (self.coldkey(), self.hotkey(), self.netuid());
        let alpha = if self.rng.once_in(6) { u64::MAX } else { self.rng.below(30 * ALPHA) + 1 };
        match self.rng.below(43) {
            0..=6 => Call::AddStake { coldkey, hotkey, netuid, alpha: alpha.min(50 * ALPHA) },
            7..=13 => Call::RemoveStake { coldkey, hotkey, netuid, alpha },
            14..=17 => Call::MoveStake { coldkey, from: hotkey, to, from_netuid: netuid, to_netuid, alpha },
            18..=20 => Call::TransferStake {
                from: coldkey,
                to: other,
                hotkey,
                from_netuid: netuid,
                to_netuid,
                alpha,
            },
            21..=22 => Call::SwapStake { coldkey, hotkey, from_netuid: netuid, to_netuid, alpha },
            23 => Call::Recycle { coldkey, hotkey, netuid, alpha },
            24 => Call::Burn { coldkey, hotkey, netuid, alpha },
            25 => Call::Register { coldkey, hotkey, netuid },
            26 => Call::SetTempo { netuid, tempo: u16::try_from(5 + self.rng.below(20)).unwrap_or(10) },
            27 => Call::TriggerEpoch { netuid },
            28 => Call::SetAutoStake { coldkey, netuid, hotkey: to },
            29 => Call::AddStakeBurn { coldkey, hotkey, netuid, alpha: alpha.min(50 * ALPHA) },
            // Small amounts, because locked stake never becomes free again.
            30 => Call::Lock { coldkey, hotkey, netuid, alpha: alpha.min(3 * ALPHA) },
            31..=32 => Call::MoveStakeLimit {
                coldkey,
                from: hotkey,
                to,
                from_netuid: netuid,
                to_netuid,
                alpha,
                limit: 9 * ALPHA,
            },
            33..=35 => {
                let (from_hotkey, from_netuid) = (hotkey, netuid);
                Call::TransferStakeAndHotkey {
                    from: coldkey,
                    to: other,
                    from_hotkey,
                    to_hotkey: to,
                    from_netuid,
                    to_netuid,
                    alpha,
                }
            }
            36 => Call::RegisterLocked { coldkey, hotkey, netuid, alpha: alpha.min(2 * ALPHA) },
            37..=38 => Call::AddCollateral { coldkey, hotkey, netuid, alpha: alpha.min(2 * ALPHA) },
            39..=40 => Call::SetMinCollateral {
                coldkey,
                hotkey,
                netuid,
                alpha: if self.rng.once_in(3) { 0 } else { alpha.min(5 * ALPHA) },
            },
            _ => Call::Fail,
        }
    }
}
