//! Reads in the state of a block.

use std::collections::BTreeSet;

use codec::Encode;
use vesting_core::ports::{ColdkeyTrace, Fingerprint, PositionTrace};
use vesting_core::{BlockNumber, Coldkey, Hotkey, NetUid, Neuron, PositionKey, SubnetOwner};

use super::block::Sealed;
use super::state::SimChain;
use crate::sim::runtime::generation::Generation;

impl SimChain {
    /// A finished block.
    pub(crate) fn block(&self, number: BlockNumber) -> Option<&Sealed> {
        self.blocks.get(u32::try_from(number.0).ok()?)
    }

    /// The runtime that made a block.
    fn maker(&self, block: BlockNumber) -> Generation {
        let sealed = self.block(block);
        sealed.map_or(self.generation, |sealed| sealed.generation)
    }

    /// Whether a subnet exists in the state of a block.
    pub(crate) fn existed(&self, netuid: NetUid, block: BlockNumber) -> bool {
        let sealed = self.block(block);
        sealed.is_some_and(|sealed| sealed.counters.iter().any(|(there, _)| *there == netuid))
    }

    /// Whether the runtime answers what locks leave available in the state of a block. Where the block
    /// upgraded the runtime, another runtime answers, which may not find the shares.
    pub(crate) fn tells_locks(&self, block: BlockNumber) -> bool {
        let sealed = self.block(block);
        sealed.is_some_and(|sealed| {
            sealed.generation.tells_locks() && sealed.code.finds_shares_of(sealed.generation)
        })
    }

    /// The alpha of a position in the state of a block.
    #[must_use]
    pub fn alpha_at(&self, netuid: NetUid, key: PositionKey, block: BlockNumber) -> u64 {
        self.alphas.at(&(netuid, key), block).copied().unwrap_or(0)
    }

    /// Every position that a subnet ever had.
    #[must_use]
    pub fn positions(&self, netuid: NetUid) -> Vec<PositionKey> {
        self.alphas.keys().filter(|(n, _)| *n == netuid).map(|(_, key)| *key).collect()
    }

    /// The neurons in the state of a block.
    #[must_use]
    pub fn neurons_at(&self, netuid: NetUid, block: BlockNumber) -> Vec<Neuron> {
        self.neurons.at(&netuid, block).cloned().unwrap_or_default()
    }

    /// The owner of a subnet in the state of a block.
    pub(crate) fn owner_at(&self, netuid: NetUid, block: BlockNumber) -> Option<SubnetOwner> {
        self.subnet_owners.at(&netuid, block).copied().flatten()
    }

    /// The traces of a position in the state of a block.
    pub(crate) fn trace_at(&self, netuid: NetUid, key: PositionKey, block: BlockNumber) -> PositionTrace {
        let row = self.shares.at(&(netuid, key), block).filter(|row| row.shares.mantissa > 0);
        let touched = self
            .pointers
            .at(&(key.coldkey, key.hotkey), block)
            .filter(|_| self.maker(block).points_to_stake());
        PositionTrace {
            shares: Fingerprint(
                row.map(|row| (row.shares.mantissa, row.shares.exponent, row.epoch).encode())
                    .unwrap_or_default(),
            ),
            touched: BlockNumber(touched.copied().unwrap_or(0)),
        }
    }

    /// The hotkeys that a coldkey may have stake on, in the state of a block.
    fn staking_at(&self, coldkey: Coldkey, block: BlockNumber) -> BTreeSet<Hotkey> {
        self.stakings.at(&coldkey, block).cloned().unwrap_or_default()
    }

    /// The trace of a coldkey in the state of a block.
    pub(crate) fn coldkey_at(&self, coldkey: Coldkey, block: BlockNumber) -> ColdkeyTrace {
        ColdkeyTrace {
            staking: self.staking_at(coldkey, block),
            account: self.accounts.fingerprint(coldkey, block),
        }
    }

    /// How much a coldkey has locked, in the state of a block.
    pub(crate) fn locked_at(&self, netuid: NetUid, coldkey: Coldkey, block: BlockNumber) -> u64 {
        self.locks.at(&(netuid, coldkey), block).copied().unwrap_or(0)
    }

    /// The trace of a pool in the state of a block.
    pub(crate) fn pool_at(&self, netuid: NetUid, hotkey: Hotkey, block: BlockNumber) -> Fingerprint {
        let total = self.totals.at(&(netuid, hotkey), block);
        Fingerprint(
            total
                .map(|(alpha, shares, epoch)| (alpha, shares.mantissa, shares.exponent, epoch).encode())
                .unwrap_or_default(),
        )
    }
}
