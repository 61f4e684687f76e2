//! What a block begins with: epochs, and who is paid in them.

use vesting_core::{BlockNumber, Coldkey, Hotkey, NetUid};

use crate::sim::chain::rates::{EMISSION, INCENTIVE, OWNER_CUT};
use crate::sim::chain::state::SimChain;
use crate::sim::chain::subnet::Subnet;
use crate::sim::runtime::event;
use crate::sim::runtime::event::{AlphaBalance, NetUidStorageIndex, PalletEvent, Phase};
use crate::sim::runtime::generation::Generation;

/// Epochs in one block beyond which one is put off to the next.
const EPOCHS_A_BLOCK: usize = 1;

impl SimChain {
    /// Begins a block of a subnet.
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
            // The owner's incentive is burned, and that of the owner's hotkey whoever owns it
            // (docs/chain.md#incentive-that-is-withheld).
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

    /// Credits a hotkey's incentive: first what is captured as its collateral, then the rest, elsewhere where
    /// its owner wants it so (docs/chain.md#auto-stake-and-collateral).
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
        // Up to spec 425 nothing is announced as well.
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

    /// Credits what an epoch pays to a position; whoever has a whole pool gets no more shares for it on the
    /// newer runtimes.
    fn credit_emission(&mut self, netuid: NetUid, hotkey: Hotkey, coldkey: Coldkey, alpha: u64) {
        let pool = self.subnets.get_mut(&netuid).and_then(|subnet| subnet.pools.get_mut(&hotkey));
        if self.generation >= Generation::Today && pool.is_some_and(|pool| pool.credit_sole(coldkey, alpha)) {
            self.dirty.pools.insert((netuid, hotkey));
        } else {
            self.credit(netuid, hotkey, coldkey, alpha);
        }
    }
}

/// What hotkeys get.
type Payout = Vec<(Hotkey, u64)>;

impl Subnet {
    /// How so much is divided among miners by uid, and as much among validators.
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
