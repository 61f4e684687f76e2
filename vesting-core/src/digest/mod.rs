//! `state_digest`: one hash over everything from which a subnet's multipliers follow as of an epoch.
//!
//! Two validators with the same policy have the same digest, if their records cover the window. It does not
//! matter when they began, or how they read the chain. The digest does not include the policy, but it
//! includes the multipliers that follow from it.
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
//! | digest of each *section*, in the order of the next table | 32 bytes each |
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
//! | `multipliers` | coldkey of a holder, factor `u64` in ppb, `u8` 1 where weights are set to 0, else 0 | coldkey |
//!
//! There is a **range** of entries for each epoch of the window: from the block after the epoch before (of
//! the first: after the window's start) to the epoch's own. Its digest is the hash of the *text*
//! `vesting/state/1/range`, its first and last block, the number of its entries, each `u64`, and its
//! entries: block `u64`, *event*, kind as *text*, position, alpha `i128` in rao.
//!
//! Entries are in ledger order, in which `vesting ledger` prints them: by block; in it first `incentive`,
//! then `dividend_or_other`, then what events tell by event index, then `unattributed`, then `rounding`. Ties
//! go by kind in the order of [`Kind::ALL`](crate::ledger::Kind::ALL), event (none first), hotkey, coldkey.
//! Bytes compare as unsigned. The rows are described at [`WindowLedger`](crate::window::WindowLedger).
//!
//! Takes from `units`, `block`, `ledger`, `window` and `score`.

mod difference;
mod encoding;
mod state;
mod summary;
#[cfg(test)]
mod tests;

pub use crate::units::Digest;
pub use difference::{Difference, Rows, StatePart};
pub use state::WindowState;
pub use summary::{Range, Section, StateSummary};
