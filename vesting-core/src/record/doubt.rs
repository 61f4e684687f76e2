//! Answers of a chain that do not fit the record. They are read again from the last epoch on, and believed if
//! they are the same again.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use crate::ledger::Entry;
use crate::units::{BlockNumber, Millis, NetUid};

/// An answer that does not fit the record.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misfit {
    /// Nothing explains these changes of positions.
    Unexplained(Vec<Entry>),
    /// The counters of a block name an epoch that was not recognised in its own block.
    Epoch {
        /// The block in whose state they are.
        block: BlockNumber,
        /// The epoch that they name.
        named: BlockNumber,
    },
    /// The state of a block has another time than was recorded of it.
    Time {
        /// The block.
        block: BlockNumber,
        /// The recorded time.
        recorded: Millis,
        /// The time in the state.
        said: Millis,
    },
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unexplained(entries) => {
                let Some(first) = entries.first() else { return f.write_str("nothing is unexplained") };
                let (key, block, alpha) = (first.key, first.block, first.alpha);
                write!(
                    f,
                    "no event explains {alpha} rao of hotkey {} of coldkey {} in block {block}",
                    key.hotkey, key.coldkey
                )?;
                match entries.len().saturating_sub(1) {
                    0 => Ok(()),
                    others => write!(f, ", nor {others} other changes"),
                }
            }
            Self::Time { block, recorded, said } => {
                write!(f, "block {block} is of {said} ms, and was of {recorded} ms before")
            }
            Self::Epoch { block, named } => {
                write!(
                    f,
                    "block {block} says that there was an epoch in block {named}, which said nothing of it"
                )
            }
        }
    }
}

/// A misfit of a subnet, in the interval that began at a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// The subnet.
    pub netuid: NetUid,
    /// The last epoch. The chain is read again from there on.
    pub from: BlockNumber,
    /// What does not fit.
    pub misfit: Misfit,
}

/// The number of misfits that are remembered of a subnet. There may be those of an interval, and of the one
/// before it where both are read again.
const REMEMBERED: usize = 64;

/// The last misfits, by subnet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Doubts(BTreeMap<NetUid, VecDeque<Doubt>>);

impl Doubts {
    /// Whether the same misfit was met before, so that it is believed. If not, it is remembered.
    pub(crate) fn met_before(&mut self, doubt: &Doubt) -> bool {
        let met = self.0.entry(doubt.netuid).or_default();
        if met.contains(doubt) {
            return true;
        }
        met.push_back(doubt.clone());
        if met.len() > REMEMBERED {
            met.pop_front();
        }
        false
    }
}
