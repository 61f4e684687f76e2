//! Ledger entries: every change of a position, by its effect on the holder on this subnet.

use crate::block::Phase;
use crate::units::{BlockNumber, Coldkey, Hotkey, NetUid, PositionKey, RaoDelta};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal in $flow:ident),* $(,)?) => {
        /// What made a position change.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[$doc])* $name),* }

        impl Kind {
            /// Every kind there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The name used in tables and output.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// The flow the kind belongs to.
            #[must_use]
            pub const fn flow(self) -> Flow {
                match self { $(Self::$name => Flow::$flow),* }
            }

            /// The kind of that name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.name() == name)
            }
        }
    };
}

kinds! {
    /// The balance when the record of a holder begins.
    Opening = "opening" in Opening,
    /// Announced miner incentive (all of the emission where the runtime announces nothing).
    Incentive = "incentive" in Emission,
    /// Dividends, takes, owner cut, root claims of an epoch's block.
    DividendOrOther = "dividend_or_other" in Emission,
    /// A root claim that kept its alpha, outside an epoch's block.
    RootClaim = "root_claim" in Emission,
    /// TAO was staked.
    StakeAdded = "stake_added" in Inflow,
    /// Came from another subnet.
    SwappedIn = "swapped_in" in Inflow,
    /// Came from another coldkey.
    TransferredIn = "transferred_in" in Inflow,
    /// Sold for TAO.
    StakeRemoved = "stake_removed" in Outflow,
    /// Went to another subnet.
    SwappedOut = "swapped_out" in Outflow,
    /// Went to another coldkey.
    TransferredOut = "transferred_out" in Outflow,
    /// Recycled.
    Recycled = "recycled" in Outflow,
    /// Burned.
    Burned = "burned" in Outflow,
    /// An extrinsic's fee paid in alpha.
    Fee = "fee" in Outflow,
    /// Gone with its subnet.
    Dissolved = "dissolved" in Outflow,
    /// Moved between the holder's own positions on this subnet.
    Moved = "moved" in Neutral,
    /// The same holder under a new key.
    KeySwap = "key_swap" in Neutral,
    /// A share pool was reconciled by a migration: worth more or less, and no sale.
    Corrected = "corrected" in Corrected,
    /// What nothing explains.
    Unattributed = "unattributed" in Unattributed,
    /// The share pool's rounding.
    Rounding = "rounding" in Rounding,
}

/// The effect of an entry on the holder on this subnet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flow {
    /// The record begins.
    Opening,
    /// Earned.
    Emission,
    /// Came in.
    Inflow,
    /// Went out.
    Outflow,
    /// Changed its place or name only.
    Neutral,
    /// Worth more or less by a correction of the chain's own.
    Corrected,
    /// The share pool's rounding.
    Rounding,
    /// What nothing explains.
    Unattributed,
}

impl Flow {
    /// The name used in tables and output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Emission => "emission",
            Self::Inflow => "inflow",
            Self::Outflow => "outflow",
            Self::Neutral => "neutral",
            Self::Corrected => "corrected",
            Self::Rounding => "rounding",
            Self::Unattributed => "unattributed",
        }
    }
}

/// The event an entry comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    /// Its index in the block.
    pub event_index: u32,
    /// Its phase.
    pub phase: Phase,
}

/// One change of one position. Unique by (block, event index, kind, position).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The subnet.
    pub netuid: NetUid,
    /// The block in which it happened.
    pub block: BlockNumber,
    /// The event that tells of it; `None` where there is none.
    pub source: Option<Source>,
    /// The position.
    pub key: PositionKey,
    /// What it was.
    pub kind: Kind,
    /// The change in rao.
    pub alpha: RaoDelta,
}

/// The order of a ledger: by block, in it emission, events by index, unattributed, rounding and
/// what opens there; ties by kind, event index, hotkey and coldkey.
pub type EntryOrder = (BlockNumber, u8, Option<u32>, Kind, Option<u32>, Hotkey, Coldkey);

impl Entry {
    /// The rank of what events tell among the sorts of a block.
    pub(crate) const BY_EVENT: u8 = 1;

    /// The flow of its kind.
    #[must_use]
    pub const fn flow(&self) -> Flow {
        self.kind.flow()
    }

    /// Where it stands in the ledger; equal for no two entries.
    #[must_use]
    pub fn order(&self) -> EntryOrder {
        let index = self.source.map(|s| s.event_index);
        let by_event = index.filter(|_| self.rank() == Self::BY_EVENT);
        (self.block, self.rank(), by_event, self.kind, index, self.key.hotkey, self.key.coldkey)
    }

    /// The place of its sort within a block. An opening is a state at the end of its block.
    const fn rank(&self) -> u8 {
        match self.kind {
            Kind::Incentive | Kind::DividendOrOther => 0,
            Kind::Unattributed => 2,
            Kind::Rounding => 3,
            Kind::Opening => 4,
            _ => Self::BY_EVENT,
        }
    }
}

/// What identifies an entry of one holder's ledger, and with it the tranche it opened or the exit
/// it made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId {
    /// The block.
    pub block: BlockNumber,
    /// The index of its event, where there is one.
    pub event_index: Option<u32>,
    /// Its kind.
    pub kind: Kind,
    /// The hotkey of its position: the label of the tranche.
    pub hotkey: Hotkey,
}

impl EntryId {
    /// The identity of `entry` in its holder's ledger.
    #[must_use]
    pub fn of(entry: &Entry) -> Self {
        Self {
            block: entry.block,
            event_index: entry.source.map(|s| s.event_index),
            kind: entry.kind,
            hotkey: entry.key.hotkey,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_design_and_find_back() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.name()), Some(*kind));
        }
        assert_eq!(Kind::ALL.len(), 19);
        assert_eq!(Kind::from_name("gift"), None);
    }
}
