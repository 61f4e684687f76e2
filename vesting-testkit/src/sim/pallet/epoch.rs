//! Epochs: when a block has one, and what it pays.

use vesting_core::{BlockNumber, Coldkey, Hotkey, NetUid};

use crate::sim::chain::rates::{EMISSION, INCENTIVE, OWNER_CUT};
use crate::sim::chain::state::SimChain;
use crate::sim::chain::subnet::Subnet;
use crate::sim::runtime::event::{self, AlphaBalance, NetUidStorageIndex, PalletEvent, Phase};
use crate::sim::runtime::generation::Generation;

/// The most epochs in one block. Further ones are put off to the next block.
const EPOCHS_A_BLOCK: usize = 1;

impl SimChain {
    /// Begins a block for a subnet: counts it, and runs an epoch where one is due.
    pub(in crate::sim) fn initialize(&mut self, netuid: NetUid, number: u64, ran: &mut usize) {
        let Some(subnet) = self.subnets.get_mut(&netuid) else { return };
        subnet.counters.blocks_since_last_step += 1;
        let tempo = u64::from(subnet.counters.tempo);
        let due = tempo > 0
            && (subnet.pending.is_some_and(|at| at <= number) || number >= subnet.last_epoch + tempo);
        if !due {
            return;
        }
        let id = event::NetUid(netuid.0);
        self.dirty.schedules.insert(netuid);
        if subnet.skip_next {
            subnet.skip_next = false;
            subnet.last_epoch = number;
            subnet.pending = None;
            subnet.counters.epoch_index = subnet.counters.epoch_index.map(|i| i + 1);
            self.emit(Phase::Initialization, PalletEvent::EpochSkipped { netuid: id, block: number });
        } else if *ran >= EPOCHS_A_BLOCK {
            subnet.pending = Some(number + 1);
            let deferred =
                PalletEvent::EpochDeferred { netuid: id, from_block: number, to_block: number + 1 };
            self.emit(Phase::Initialization, deferred);
        } else {
            *ran += 1;
            self.epoch(netuid, number);
        }
    }

    fn epoch(&mut self, netuid: NetUid, number: u64) {
        self.change_owner(netuid);
        let Some(subnet) = self.subnets.get_mut(&netuid) else { return };
        let emission = subnet.counters.blocks_since_last_step * EMISSION;
        subnet.counters.blocks_since_last_step = 0;
        subnet.counters.last_step_block = BlockNumber(number);
        subnet.counters.epoch_index = subnet.counters.epoch_index.map(|i| i + 1);
        subnet.last_epoch = number;
        subnet.pending = None;
        let part = |(a, b): (u64, u64)| emission / b * a;
        let (incentives, dividends) = subnet.payout(part(INCENTIVE));
        let (owner, destinations) = (subnet.owner, subnet.auto_stake.clone());
        let emissions = incentives.iter().map(|(_, alpha)| AlphaBalance(*alpha)).collect();
        self.emit(
            Phase::Initialization,
            PalletEvent::IncentiveAlphaEmittedToMiners { netuid: NetUidStorageIndex(netuid.0), emissions },
        );
        self.pay_lease(netuid, number);
        for (hotkey, alpha) in incentives {
            let Some(coldkey) = self.owners.get(&hotkey).copied() else { continue };
            // The incentive of the owner's coldkey is burned, and so is that of the owner's hotkey, whoever
            // owns it (docs/chain.md#incentive-that-is-withheld).
            if coldkey != owner.0 && hotkey != owner.1 {
                self.pay_incentive(netuid, hotkey, coldkey, destinations.get(&coldkey).copied(), alpha);
            }
        }
        for (hotkey, alpha) in dividends {
            if let Some(coldkey) = self.owners.get(&hotkey).copied() {
                self.settle_collateral(netuid, hotkey, coldkey, alpha, 0);
            }
            if let Some(pool) = self.subnets.get_mut(&netuid).and_then(|s| s.pools.get_mut(&hotkey)) {
                pool.pay(alpha, self.generation.rules());
                self.dirty.pools.insert((netuid, hotkey));
            }
        }
        self.credit(netuid, owner.1, owner.0, part(OWNER_CUT));
    }

    /// Credits a hotkey's incentive. Collateral takes its part first. The rest goes to the auto-stake
    /// destination, if there is one (docs/chain.md#auto-stake-and-collateral).
    fn pay_incentive(
        &mut self,
        netuid: NetUid,
        hotkey: Hotkey,
        coldkey: Coldkey,
        destination: Option<Hotkey>,
        alpha: u64,
    ) {
        let captured = self.settle_collateral(netuid, hotkey, coldkey, alpha, alpha);
        self.credit_emission(netuid, hotkey, coldkey, captured);
        let rest = alpha - captured;
        // Up to spec 425 a rest of 0 is announced as well.
        let announced = rest > 0 || self.generation == Generation::Present;
        if let Some(destination) = destination.filter(|_| announced) {
            let (netuid, incentive) = (event::NetUid(netuid.0), AlphaBalance(rest));
            let (destination, hotkey, owner) = (destination.into(), hotkey.into(), coldkey.into());
            self.emit(
                Phase::Initialization,
                PalletEvent::AutoStakeAdded { netuid, destination, hotkey, owner, incentive },
            );
        }
        self.credit_emission(netuid, destination.unwrap_or(hotkey), coldkey, rest);
    }

    /// Credits what an epoch pays to a position. On newer runtimes a coldkey that has a whole pool gets no
    /// more shares for it.
    fn credit_emission(&mut self, netuid: NetUid, hotkey: Hotkey, coldkey: Coldkey, alpha: u64) {
        let pool = self.subnets.get_mut(&netuid).and_then(|subnet| subnet.pools.get_mut(&hotkey));
        if self.generation >= Generation::Today && pool.is_some_and(|pool| pool.credit_sole(coldkey, alpha)) {
            self.dirty.pools.insert((netuid, hotkey));
        } else {
            self.credit(netuid, hotkey, coldkey, alpha);
        }
    }
}

/// How much each hotkey gets.
type Payout = Vec<(Hotkey, u64)>;

impl Subnet {
    /// Divides `part` among miners, and as much again among validators. Miners come by uid.
    fn payout(&self, part: u64) -> (Payout, Payout) {
        let weight = |hotkey: &Hotkey| self.weights.get(hotkey).copied().unwrap_or(0);
        let all: u64 = self.neurons.iter().map(weight).sum::<u64>().max(1);
        let incentives = self.neurons.iter().map(|hotkey| (*hotkey, part / all * weight(hotkey))).collect();
        let pools =
            || self.validators.iter().filter_map(|v| self.pools.get(v).map(|pool| (*v, pool.total / 1_000)));
        let staked: u64 = pools().map(|(_, staked)| staked).sum::<u64>().max(1);
        (incentives, pools().map(|(hotkey, own)| (hotkey, part / staked * own)).collect())
    }
}
