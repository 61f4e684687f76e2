//! How a block ends, and how old blocks are dropped.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use vesting_core::{BlockHash, BlockNumber, Coldkey, Millis, NetUid, Neuron, PositionKey, SubnetOwner, Uid};

use super::block::{Sealed, hash, header};
use super::changes::{Changed, Dirty};
use super::state::SimChain;

impl SimChain {
    /// Ends the block: what changed can be read at its height from now on.
    pub(super) fn seal(&mut self) {
        let number = u64::from(self.blocks.next());
        let mut touched: BTreeSet<(NetUid, PositionKey)> = std::mem::take(&mut self.dirty.gone);
        for (netuid, hotkey) in &self.dirty.pools {
            let pool = self.subnets.get(netuid).and_then(|s| s.pools.get(hotkey));
            let holders = pool.into_iter().flat_map(|p| p.rows.keys());
            touched
                .extend(holders.map(|coldkey| (*netuid, PositionKey { hotkey: *hotkey, coldkey: *coldkey })));
        }
        for (netuid, key) in &touched {
            let alpha = self.alpha(*netuid, key.hotkey, key.coldkey);
            let shares = self
                .subnets
                .get(netuid)
                .and_then(|s| s.pools.get(&key.hotkey))
                .and_then(|pool| pool.rows.get(&key.coldkey));
            let shares = shares.copied().unwrap_or_default();
            self.alphas.set((*netuid, *key), number, alpha);
            self.shares.set((*netuid, *key), number, shares);
        }
        for (netuid, hotkey) in &self.dirty.pools {
            let pool = self.subnets.get(netuid).and_then(|s| s.pools.get(hotkey));
            self.totals.set(
                (*netuid, *hotkey),
                number,
                pool.map(|p| (p.total, p.total_shares, p.epoch)).unwrap_or_default(),
            );
        }
        let collateral = self.dirty.collateral.iter().map(|(netuid, _, coldkey)| (*coldkey, *netuid));
        let locks: BTreeSet<(Coldkey, NetUid)> = self
            .dirty
            .locks
            .iter()
            .map(|(coldkey, netuid, _)| (*coldkey, *netuid))
            .chain(collateral)
            .collect();
        for (coldkey, netuid) in locks {
            let locked = self
                .subnets
                .get(&netuid)
                .and_then(|subnet| subnet.locks.get(&coldkey))
                .map_or(0, |(_, locked)| *locked);
            self.locks.set(
                (netuid, coldkey),
                number,
                locked.saturating_add(self.collateral_of(netuid, coldkey)),
            );
        }
        for pair in &self.dirty.pointers {
            self.pointers.set(*pair, number, number);
        }
        for coldkey in &self.dirty.staking {
            self.stakings.set(*coldkey, number, self.staking.get(coldkey).cloned().unwrap_or_default());
        }
        for netuid in &self.dirty.neurons {
            let neurons = (0u16..)
                .zip(self.subnets.get(netuid).into_iter().flat_map(|subnet| &subnet.neurons))
                .filter_map(|(uid, hotkey)| {
                    self.owners.get(hotkey).map(|coldkey| Neuron {
                        uid: Uid(uid),
                        hotkey: *hotkey,
                        coldkey: *coldkey,
                    })
                })
                .collect();
            self.neurons.set(*netuid, number, neurons);
        }
        for netuid in &self.dirty.schedules {
            let owner = self.subnets.get(netuid).map(|subnet| subnet.owner);
            let owner = owner.map(|(coldkey, hotkey)| SubnetOwner { coldkey, hotkey: Some(hotkey) });
            self.subnet_owners.set(*netuid, number, owner);
        }
        let accounts = self.accounts.seal(number);
        let parent_hash = self.blocks.newest().map_or(BlockHash::default(), |b| b.hash);
        let time = if number == 0 { Millis(0) } else { Millis(self.start.0 + number * self.block_ms) };
        let header = header(self.seed, number, parent_hash);
        let sealed = Sealed {
            hash: hash(&header),
            parent_hash,
            time,
            events: std::mem::take(&mut self.events),
            counters: self
                .subnets
                .iter()
                .map(|(netuid, subnet)| (*netuid, subnet.counters(self.generation)))
                .collect(),
            registrations: self
                .generation
                .stores("RegisteredSubnetCounter")
                .then(|| self.registrations.clone()),
            generation: self.generation,
            code: self.code,
        };
        if let Some(mut writer) = self.writer.take() {
            writer.write(self, number, &sealed, header, &Changed { touched, accounts });
            self.writer = Some(writer);
        }
        self.blocks.push(sealed);
        self.dirty = Dirty::default();
    }

    /// Drops the blocks before this one, except genesis, and their states. A node that is no archive does the
    /// same.
    pub fn forget_before(&mut self, block: BlockNumber) {
        let number = u32::try_from(block.0).unwrap_or(u32::MAX);
        drop(self.blocks.forget_before(number));
        let first = BlockNumber(self.blocks.first().into());
        self.accounts.forget_before(first);
        self.alphas.forget_before(first);
        self.shares.forget_before(first);
        self.totals.forget_before(first);
        self.locks.forget_before(first);
        self.pointers.forget_before(first);
        self.stakings.forget_before(first);
        self.neurons.forget_before(first);
        self.subnet_owners.forget_before(first);
        if let Some(writer) = &self.writer {
            writer.history.write().unwrap_or_else(PoisonError::into_inner).forget_before(number);
        }
    }
}
