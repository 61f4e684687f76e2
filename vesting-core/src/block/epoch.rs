//! Epochs: the blocks in which a subnet's emission was really distributed.

use crate::block::SubnetCounters;
use crate::units::{BlockNumber, BlockRef, Coldkey, Hotkey, Millis, PositionKey, Rao, RaoDelta, Uid};

/// The exact epoch test, valid in every generation of the runtime. Block B > 0 is an epoch of an existing
/// subnet if its state has `BlocksSinceLastStep` 0 *and* `LastMechansimStepBlock` B.
#[must_use]
pub fn is_epoch(block: BlockNumber, counters: &SubnetCounters) -> bool {
    block.0 > 0 && counters.blocks_since_last_step == 0 && counters.last_step_block == block
}

/// An epoch of a subnet, without its amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epoch {
    /// The block B.
    pub block: BlockRef,
    /// Block B−1. Its state is the one before the epoch.
    pub pre_block: BlockRef,
    /// The time of B.
    pub time: Millis,
    /// The chain's own index of the epoch, where it has one.
    pub index: Option<u64>,
    /// The tempo in the state of B.
    pub tempo: u16,
    /// `NetworkRegisteredAt` of the subnet then.
    pub registered_at: BlockNumber,
}

/// What one epoch's block B did to one position. Other blocks do not count here.
///
/// `after − before = manual_add − manual_remove + neutral + true_emission + rounding + unattributed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StakeChange {
    /// The neuron's uid in the state of B−1; `None` for a position that is no neuron's own.
    pub uid: Option<Uid>,
    /// The position.
    pub key: PositionKey,
    /// Its alpha at B−1.
    pub before: Rao,
    /// Its alpha at B.
    pub after: Rao,
    /// Inflows by stake operations.
    pub manual_add: RaoDelta,
    /// Outflows by stake operations, as a positive number.
    pub manual_remove: RaoDelta,
    /// Moves between the holder's own positions, key swaps, and corrections by a reconciled pool.
    pub neutral: RaoDelta,
    /// The emission that the epoch credited.
    pub true_emission: RaoDelta,
    /// The part of that emission that was announced as incentive.
    pub incentive: RaoDelta,
    /// The share pool's rounding.
    pub rounding: RaoDelta,
    /// What nothing explains.
    pub unattributed: RaoDelta,
}

impl StakeChange {
    /// The hotkey of the position.
    #[must_use]
    pub const fn hotkey(&self) -> Hotkey {
        self.key.hotkey
    }

    /// The coldkey of the position.
    #[must_use]
    pub const fn coldkey(&self) -> Coldkey {
        self.key.coldkey
    }

    /// True when the parts add up to the change.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        self.after.delta() - self.before.delta()
            == self.manual_add - self.manual_remove
                + self.neutral
                + self.true_emission
                + self.rounding
                + self.unattributed
    }
}

/// How an epoch was found. No figure depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detection {
    /// Its block was followed, and its counters read from storage.
    Storage,
    /// Its block was followed, and the runtime was asked for its counters, since storage lacks them.
    RuntimeApi,
    /// By walking back from a later block.
    CatchUp,
}

impl Detection {
    /// Every way there is.
    pub const ALL: [Self; 3] = [Self::Storage, Self::RuntimeApi, Self::CatchUp];

    /// The name used in tables and output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Storage => "storage",
            Self::RuntimeApi => "runtime_api",
            Self::CatchUp => "catch_up",
        }
    }

    /// The way of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.name() == name)
    }
}

/// A slot in which a due epoch was skipped. The next epoch distributes its emission too
/// (docs/chain.md#the-epoch-test).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SkippedSlot {
    /// The block.
    pub block: BlockNumber,
    /// Its time.
    pub time: Millis,
}

/// An epoch, with its change of every holder's position that it touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochRecord {
    /// The epoch.
    pub epoch: Epoch,
    /// How it was found.
    pub detected: Detection,
    /// The changes of the positions that it touched, by key.
    pub changes: Vec<StakeChange>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(since: u64, last: u64) -> SubnetCounters {
        SubnetCounters {
            tempo: 20,
            blocks_since_last_step: since,
            last_step_block: BlockNumber(last),
            last_epoch_block: None,
            epoch_index: None,
            registered_at: BlockNumber(0),
        }
    }

    #[test]
    fn only_the_pair_tells_an_epoch() {
        assert!(is_epoch(BlockNumber(40), &counters(0, 40)));
        assert!(!is_epoch(BlockNumber(0), &counters(0, 0)), "genesis");
        assert!(!is_epoch(BlockNumber(41), &counters(0, 40)), "a dissolved subnet reads 0");
        assert!(!is_epoch(BlockNumber(41), &counters(1, 40)), "between");
    }
}
