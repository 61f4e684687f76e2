//! `state_digest`: one number over everything that a subnet's multipliers follow from as of an epoch.
//!
//! Two validators with the same policy, whose records cover the window, have the same digest, whenever
//! they began and however they read the chain. The policy is not part of it, the multipliers that
//! follow from it are.
//!
//! # Encoding, version 1
//!
//! Every hash is BLAKE2b with 32 bytes of output, no key, salt or personalisation. Integers are little
//! endian; `u8`, `u16`, `u32`, `u64` are unsigned, `i128` is two's complement. Keys and hashes are their
//! 32 bytes. *text* is its length as `u8`, then its ASCII bytes. *event* is the byte 0 where there is no
//! event, else the byte 1 and the event's index as `u32`. A position is its hotkey, then its coldkey.
//!
//! The **state digest** is the hash of
//!
//! | field | encoding |
//! |---|---|
//! | domain and version | *text* `vesting/state/1` |
//! | genesis hash of the chain | 32 bytes |
//! | netuid | `u16` |
//! | block in which this subnet was registered | `u64` |
//! | as_of: block, hash | `u64`, 32 bytes |
//! | block at whose end the window starts | `u64` |
//! | digests of the sections *neurons*, *holders*, *successions*, *openings*, *entries*, *multipliers* | 32 bytes each |
//!
//! The digest of a **section** is the hash of the *text* `vesting/state/1/` + its name, the number of its
//! rows as `u64`, and its rows one after the other:
//!
//! | section | row | order |
//! |---|---|---|
//! | `neurons` | uid `u16`, hotkey, coldkey (its owner), in the state of as_of | uid |
//! | `holders` | coldkey, block at whose end its history starts `u64` | coldkey |
//! | `successions` | block `u64`, event index `u32`, old coldkey, new coldkey | block, event index |
//! | `openings` | block `u64`, *event*, position, alpha `i128` in rao | block, *event* (none first), position |
//! | `entries` | first block `u64`, last block `u64`, number of entries `u64`, digest of the range | block |
//! | `multipliers` | coldkey of a holder, factor `u64` in parts per billion, `u8` 1 where weights are set to 0, else 0 | coldkey |
//!
//! There is a **range** of entries for each epoch of the window: from the block after the epoch before (of
//! the first: after the window's start) to the epoch's own. Its digest is the hash of the *text*
//! `vesting/state/1/range`, its first and last block, the number of its entries, each `u64`, and its
//! entries: block `u64`, *event*, kind as *text*, position, alpha `i128` in rao.
//!
//! Entries are in ledger order, in which `vesting ledger` prints them: by block; in it first `incentive`,
//! then `dividend_or_other`, then what events tell by event index, then `unattributed`, then `rounding`. Ties
//! go by kind in the order of [`Kind::ALL`](crate::ledger::Kind::ALL), event (none first), hotkey, coldkey.
//! Bytes compare as unsigned. What the rows are is said at [`WindowLedger`].
//!
//! Takes from `units`, `block`, `ledger`, `window` and `score`.

mod difference;
mod encoding;

use std::collections::BTreeMap;

use crate::score::multiplier::Multiplier;
use crate::units::{BlockHash, BlockNumber, BlockRef, Coldkey, NetUid, Neuron};
use crate::window::WindowLedger;

pub use crate::units::Digest;
pub use difference::{Difference, Part, Rows};

/// Everything that is digested. [`StakeTracker::state`](crate::report::StakeTracker::state) makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowState {
    /// Which chain.
    pub genesis: BlockHash,
    /// The neurons in the state of `as_of`, by uid.
    pub neurons: Vec<Neuron>,
    /// The ledger of the window.
    pub ledger: WindowLedger,
    /// The multipliers of its holders.
    pub multipliers: BTreeMap<Coldkey, Multiplier>,
}

/// Rows and their digest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Section {
    /// How many rows.
    pub rows: u64,
    /// Their digest.
    pub digest: Digest,
}

/// The entries of some blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first block.
    pub from: BlockNumber,
    /// The last block: an epoch's.
    pub to: BlockNumber,
    /// How many there are, and their digest.
    pub entries: Section,
}

/// The digests of a state, part by part: small enough to send, and enough to say which part differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateSummary {
    /// Which chain.
    pub genesis: BlockHash,
    /// The subnet.
    pub netuid: NetUid,
    /// The block in which it was registered.
    pub registered_at: BlockNumber,
    /// The epoch.
    pub as_of: BlockRef,
    /// The block at whose end the window starts.
    pub start: BlockNumber,
    /// The first block of a record that does not cover the window: the digest is not yet that of others.
    pub incomplete_since: Option<BlockNumber>,
    /// Who holds which uid at `as_of`.
    pub neurons: Section,
    /// The holders and where their histories start.
    pub holders: Section,
    /// Holders that went on under other coldkeys.
    pub successions: Section,
    /// What positions held when their holders' histories began.
    pub openings: Section,
    /// The entries, a range for each epoch of the window.
    pub ranges: Vec<Range>,
    /// The multipliers of the holders.
    pub multipliers: Section,
}

impl WindowState {
    /// Its digests, part by part.
    #[must_use]
    pub fn summary(&self) -> StateSummary {
        encoding::summary(self)
    }
}

impl StateSummary {
    /// The state digest.
    #[must_use]
    pub fn digest(&self) -> Digest {
        encoding::state(self)
    }

    /// The section of all entries: its rows are the ranges.
    #[must_use]
    pub fn entries(&self) -> Section {
        encoding::entries(&self.ranges)
    }
}

#[cfg(test)]
mod tests;
