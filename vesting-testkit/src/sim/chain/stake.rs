//! Owners of hotkeys, and the alpha of positions.

use vesting_core::{Coldkey, Hotkey, NetUid, PositionKey};

use super::state::SimChain;
use super::subnet::Subnet;

impl SimChain {
    /// Gives an owner to a hotkey that has none, as an older registration might have.
    pub fn own_hotkey(&mut self, hotkey: Hotkey, coldkey: Coldkey) {
        self.own(hotkey, coldkey);
    }

    /// Makes a coldkey the owner of a hotkey that has none.
    pub(crate) fn own(&mut self, hotkey: Hotkey, coldkey: Coldkey) {
        self.owners.entry(hotkey).or_insert(coldkey);
        self.stakes_on(coldkey, hotkey);
    }

    /// Adds a hotkey to the list of those that a coldkey stakes on.
    pub(in crate::sim) fn stakes_on(&mut self, coldkey: Coldkey, hotkey: Hotkey) {
        if self.staking.entry(coldkey).or_default().insert(hotkey) {
            self.dirty.staking.insert(coldkey);
        }
    }

    /// The owner of a hotkey.
    #[must_use]
    pub fn owner_of(&self, hotkey: Hotkey) -> Option<Coldkey> {
        self.owners.get(&hotkey).copied()
    }

    /// The alpha of a position now.
    #[must_use]
    pub fn alpha(&self, netuid: NetUid, hotkey: Hotkey, coldkey: Coldkey) -> u64 {
        self.subnets
            .get(&netuid)
            .and_then(|s| s.pools.get(&hotkey))
            .map_or(0, |pool| pool.alpha(&coldkey, self.generation.rules()))
    }

    /// Credits alpha to a position.
    pub(crate) fn credit(&mut self, netuid: NetUid, hotkey: Hotkey, coldkey: Coldkey, alpha: u64) {
        if let (Some(subnet), true) = (self.subnets.get_mut(&netuid), alpha > 0) {
            subnet.pools.entry(hotkey).or_default().credit(coldkey, alpha, self.generation.rules());
            self.dirty.pools.insert((netuid, hotkey));
            self.stakes_on(coldkey, hotkey);
        }
    }

    /// Debits alpha from a position, at most what it holds. Returns what was taken.
    pub(crate) fn debit(&mut self, netuid: NetUid, hotkey: Hotkey, coldkey: Coldkey, alpha: u64) -> u64 {
        let Some(pool) = self.subnets.get_mut(&netuid).and_then(|s| s.pools.get_mut(&hotkey)) else {
            return 0;
        };
        let taken = pool.debit(coldkey, alpha, self.generation.rules());
        self.dirty.pools.insert((netuid, hotkey));
        self.dirty.gone.insert((netuid, PositionKey { hotkey, coldkey }));
        if self.generation.drops_empty_hotkeys() {
            self.drop_if_empty(coldkey, hotkey);
        }
        taken
    }

    /// Takes a hotkey off a coldkey's list once the coldkey has no shares on it on any subnet, not even
    /// worthless ones.
    fn drop_if_empty(&mut self, coldkey: Coldkey, hotkey: Hotkey) {
        let has =
            |subnet: &Subnet| subnet.pools.get(&hotkey).is_some_and(|pool| pool.rows.contains_key(&coldkey));
        let listed = self.staking.get_mut(&coldkey).filter(|_| !self.subnets.values().any(has));
        if listed.is_some_and(|hotkeys| hotkeys.remove(&hotkey)) {
            self.dirty.staking.insert(coldkey);
        }
    }
}
