//! The demo: one subnet, and the actors on it.

use std::sync::{Arc, RwLock};

use vesting_core::{BlockNumber, Coldkey, Hotkey, NetUid};

use super::units::{ALPHA, DAY};
use crate::history::History;
use crate::sim::chain::state::SimChain;
use crate::sim::chain::subnet::SubnetConfig;
use crate::sim::operation::Call;
use crate::sim::rng::Rng;

/// One actor of the demo.
#[derive(Debug, Clone)]
pub struct Actor {
    /// Its name.
    pub name: &'static str,
    /// Its coldkey.
    pub coldkey: Coldkey,
    /// Its hotkeys.
    pub hotkeys: Vec<Hotkey>,
}

const CAST: [(&str, usize); 13] = [
    ("owner", 1),
    ("validator a", 1),
    ("validator b", 1),
    ("honest holder", 1),
    ("seller of everything", 1),
    ("gradual seller", 1),
    ("buyer", 1),
    ("three hotkeys", 3),
    ("miner a", 1),
    ("miner b", 1),
    ("miner c", 1),
    ("miner d", 1),
    ("newcomer", 1),
];

/// The demo: one subnet with an honest holder, sellers, a buyer, a newcomer, and others.
pub struct Demo {
    netuid: NetUid,
    actors: Vec<Actor>,
    rng: Rng,
    /// When the newcomer registers.
    arrival: u64,
}

impl Demo {
    /// The demo's subnet.
    pub const NETUID: NetUid = NetUid(1);

    /// The actors of a history of this many days.
    #[must_use]
    pub fn new(seed: u64, days: u32) -> Self {
        let mut rng = Rng::new(seed);
        let actors = CAST
            .iter()
            .map(|(name, hotkeys)| Actor {
                name,
                coldkey: Coldkey(rng.key()),
                hotkeys: (0..*hotkeys).map(|_| Hotkey(rng.key())).collect(),
            })
            .collect();
        let blocks = u64::from(days) * DAY;
        Self {
            netuid: Self::NETUID,
            actors,
            rng,
            arrival: blocks.saturating_sub((5 * DAY).min(blocks / 4)).max(1),
        }
    }

    /// The actors.
    #[must_use]
    pub fn actors(&self) -> &[Actor] {
        &self.actors
    }

    fn of(&self, name: &str) -> Option<(Coldkey, Hotkey)> {
        self.actors.iter().find(|a| a.name == name).and_then(|a| a.hotkeys.first().map(|h| (a.coldkey, *h)))
    }

    /// The chain at genesis. Every block is written into `history`, if there is one.
    #[must_use]
    pub fn chain(&self, seed: u64, history: Option<Arc<RwLock<History>>>) -> SimChain {
        let mut neurons = Vec::new();
        for actor in self.actors.iter().filter(|a| a.name != "newcomer") {
            let validates = actor.name.starts_with("validator");
            let weight = if validates || actor.name == "owner" {
                0
            } else {
                12 / u64::try_from(actor.hotkeys.len()).unwrap_or(1)
            };
            let stake = if validates { 20_000 * ALPHA } else { 100 * ALPHA };
            neurons.extend(
                actor.hotkeys.iter().map(|hotkey| (actor.coldkey, *hotkey, weight, validates, stake)),
            );
        }
        let owner = neurons.first().map_or((Coldkey([0; 32]), Hotkey([0; 32])), |n| (n.0, n.1));
        let subnet = SubnetConfig { netuid: self.netuid, tempo: 360, owner, neurons, capacity: 64 };
        SimChain::new(seed, &[subnet], history)
    }

    /// Queues what the actors do in the next block, and makes the block.
    pub fn step(&mut self, chain: &mut SimChain) {
        let number = chain.head().0 + 1;
        let netuid = self.netuid;
        if number == self.arrival
            && let Some((coldkey, hotkey)) = self.of("newcomer")
        {
            chain.set_weight(netuid, hotkey, 12);
            chain.queue(Call::Register { coldkey, hotkey, netuid });
        }
        if number == 20 * DAY {
            chain.queue(Call::SetTempo { netuid, tempo: 300 });
        }
        if number % 360 == 25
            && let Some((coldkey, hotkey)) = self.of("seller of everything")
        {
            chain.queue(Call::RemoveStake { coldkey, hotkey, netuid, alpha: u64::MAX });
        }
        if number % (4 * 360) == 90
            && let Some((coldkey, hotkey)) = self.of("gradual seller")
        {
            // This is about half of what it earned since the last sale.
            chain.queue(Call::RemoveStake { coldkey, hotkey, netuid, alpha: 34 * ALPHA });
        }
        if number % (7 * DAY) == 500
            && let Some((coldkey, hotkey)) = self.of("buyer")
        {
            chain.queue(Call::AddStake { coldkey, hotkey, netuid, alpha: 250 * ALPHA });
        }
        if number % DAY == 777 {
            self.shuffle(chain);
        }
        if self.rng.once_in(900) {
            self.others(chain);
        }
        chain.step();
    }

    /// The holder of three hotkeys moves stake between them, which is no sale.
    fn shuffle(&mut self, chain: &mut SimChain) {
        let Some(actor) = self.actors.iter().find(|a| a.name == "three hotkeys") else { return };
        let (coldkey, netuid) = (actor.coldkey, self.netuid);
        if let [from, to, ..] = actor.hotkeys.as_slice() {
            let alpha = chain.alpha(netuid, *from, coldkey) / 3;
            chain.queue(Call::MoveStake {
                coldkey,
                from: *from,
                to: *to,
                from_netuid: netuid,
                to_netuid: netuid,
                alpha,
            });
        }
    }

    /// What the other miners and a validator do.
    fn others(&mut self, chain: &mut SimChain) {
        let names = ["miner a", "miner b", "miner c", "miner d", "validator a"];
        let Some(name) = self.rng.pick(&names).copied() else { return };
        let (Some((coldkey, hotkey)), Some((_, validator))) = (self.of(name), self.of("validator b")) else {
            return;
        };
        let (netuid, alpha) = (self.netuid, self.rng.below(20 * ALPHA) + 1);
        chain.queue(match self.rng.below(4) {
            0 => Call::AddStake { coldkey, hotkey, netuid, alpha },
            1 => Call::AddStake { coldkey, hotkey: validator, netuid, alpha },
            2 => Call::RemoveStake { coldkey, hotkey, netuid, alpha },
            _ => Call::MoveStake {
                coldkey,
                from: hotkey,
                to: validator,
                from_netuid: netuid,
                to_netuid: netuid,
                alpha: alpha / 4,
            },
        });
    }
}

/// The block at which a history of this many days ends.
#[must_use]
pub fn end_of(days: u32) -> BlockNumber {
    BlockNumber(u64::from(days) * DAY)
}
