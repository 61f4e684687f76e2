//! Collateral of miners: the part of their alpha that may not leave them
//! (docs/chain.md#locks-and-collateral).

use vesting_core::{Coldkey, Hotkey, NetUid};

use crate::sim::chain::state::SimChain;
use crate::sim::runtime::event::{self, AlphaBalance, PalletEvent, Phase};
use crate::sim::runtime::generation::Generation;

/// The part of what a hotkey earns by which its collateral shrinks, down to its least, as numerator and
/// denominator.
const DRAIN: (u64, u64) = (1, 10);

impl SimChain {
    /// How much of a coldkey's alpha on a subnet is collateral.
    pub(in crate::sim) fn collateral_of(&self, netuid: NetUid, coldkey: Coldkey) -> u64 {
        let rows = self.subnets.get(&netuid).into_iter().flat_map(|subnet| &subnet.collateral);
        rows.filter(|((_, owner), _)| *owner == coldkey)
            .fold(0, |sum, (_, row)| sum.saturating_add(row.locked))
    }

    /// Applies what a hotkey earned to its collateral. Returns how much of `capturable` is captured.
    pub(in crate::sim) fn settle_collateral(
        &mut self,
        netuid: NetUid,
        hotkey: Hotkey,
        coldkey: Coldkey,
        earned: u64,
        capturable: u64,
    ) -> u64 {
        let Some(subnet) = self.subnets.get_mut(&netuid) else { return 0 };
        let Some(row) = subnet.collateral.get_mut(&(hotkey, coldkey)).filter(|_| earned > 0) else {
            return 0;
        };
        let mut captured = 0;
        row.earned = row.earned.saturating_add(earned);
        if row.min_locked > row.locked {
            captured = capturable.min(row.min_locked - row.locked);
            row.locked += captured;
        } else {
            row.locked -= (earned / DRAIN.1 * DRAIN.0).min(row.locked - row.min_locked);
        }
        if row.locked == 0 && row.min_locked == 0 {
            subnet.collateral.remove(&(hotkey, coldkey));
        }
        self.dirty.collateral.insert((netuid, hotkey, coldkey));
        captured
    }

    /// Registers a hotkey with alpha that is bought and locked as collateral.
    pub(in crate::sim) fn register_locked(
        &mut self,
        phase: Phase,
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
        alpha: u64,
    ) -> bool {
        if self.generation < Generation::Today || alpha == 0 || !self.may_register(coldkey, hotkey, netuid) {
            return false;
        }
        self.own(hotkey, coldkey);
        self.bought(phase, coldkey, hotkey, netuid, alpha);
        self.lock_collateral(phase, coldkey, hotkey, netuid, alpha);
        self.register(phase, coldkey, hotkey, netuid)
    }

    /// Locks free alpha of the position. Alpha that is missing is bought.
    pub(in crate::sim) fn add_collateral(
        &mut self,
        phase: Phase,
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
        alpha: u64,
    ) -> bool {
        let registered = self.subnets.get(&netuid).is_some_and(|subnet| subnet.neurons.contains(&hotkey));
        if self.generation < Generation::Today
            || alpha == 0
            || !registered
            || self.owners.get(&hotkey) != Some(&coldkey)
        {
            return false;
        }
        let short = alpha - self.free(netuid, hotkey, coldkey).min(alpha);
        if short > 0 {
            // The position may gain a rao less than was credited.
            self.bought(phase, coldkey, hotkey, netuid, short.saturating_add(1));
        }
        self.lock_collateral(phase, coldkey, hotkey, netuid, alpha);
        true
    }

    /// Sets the least collateral of a hotkey.
    pub(in crate::sim) fn set_min_collateral(
        &mut self,
        phase: Phase,
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
        alpha: u64,
    ) -> bool {
        let owned = self.owners.get(&hotkey) == Some(&coldkey);
        let Some(subnet) =
            self.subnets.get_mut(&netuid).filter(|_| owned && self.generation >= Generation::Today)
        else {
            return false;
        };
        let row = subnet.collateral.entry((hotkey, coldkey)).or_default();
        row.min_locked = alpha;
        if row.locked == 0 && alpha == 0 {
            subnet.collateral.remove(&(hotkey, coldkey));
        }
        self.dirty.collateral.insert((netuid, hotkey, coldkey));
        let (netuid, hotkey, min_locked) = (event::NetUid(netuid.0), hotkey.into(), AlphaBalance(alpha));
        self.emit(phase, PalletEvent::MinCollateralSet { netuid, hotkey, min_locked });
        true
    }

    fn lock_collateral(
        &mut self,
        phase: Phase,
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
        alpha: u64,
    ) {
        let Some(subnet) = self.subnets.get_mut(&netuid) else { return };
        let row = subnet.collateral.entry((hotkey, coldkey)).or_default();
        row.locked = row.locked.saturating_add(alpha);
        let total_locked = AlphaBalance(row.locked);
        self.dirty.collateral.insert((netuid, hotkey, coldkey));
        let (netuid, hotkey, locked) = (event::NetUid(netuid.0), hotkey.into(), AlphaBalance(alpha));
        self.emit(phase, PalletEvent::CollateralLocked { netuid, hotkey, locked, total_locked });
    }

    /// Moves collateral from a swapped key to its new one, where it is added.
    pub(in crate::sim) fn move_collateral(
        &mut self,
        netuid: NetUid,
        renamed: impl Fn(Hotkey, Coldkey) -> Option<(Hotkey, Coldkey)>,
    ) {
        let Some(subnet) = self.subnets.get_mut(&netuid) else { return };
        let moved: Vec<_> =
            subnet.collateral.keys().filter_map(|key| renamed(key.0, key.1).map(|to| (*key, to))).collect();
        for (from, to) in moved {
            let row = subnet.collateral.remove(&from).unwrap_or_default();
            let there = subnet.collateral.entry(to).or_default();
            there.locked = there.locked.saturating_add(row.locked);
            there.min_locked = there.min_locked.saturating_add(row.min_locked);
            there.earned = there.earned.saturating_add(row.earned);
            self.dirty.collateral.extend([(netuid, from.0, from.1), (netuid, to.0, to.1)]);
        }
    }

    /// The alpha of a position that is not collateral.
    pub(in crate::sim) fn free(&self, netuid: NetUid, hotkey: Hotkey, coldkey: Coldkey) -> u64 {
        let row = self.subnets.get(&netuid).and_then(|subnet| subnet.collateral.get(&(hotkey, coldkey)));
        self.alpha(netuid, hotkey, coldkey).saturating_sub(row.map_or(0, |row| row.locked))
    }
}
