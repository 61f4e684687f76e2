//! What a chain said that does not fit: it is read again from the last epoch on, and believed when it comes
//! out the same.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use crate::ledger::Entry;
use crate::units::{BlockNumber, Millis, NetUid};

/// What does not fit in an interval.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misfit {
    /// Nothing explains these changes of positions.
    Unexplained(Vec<Entry>),
    /// The counters of a block name an epoch that was not seen in its own block.
    Epoch {
        /// The block in whose state they are.
        block: BlockNumber,
        /// The epoch that they name.
        named: BlockNumber,
    },
    /// The state of a block says another time of it than was recorded.
    Time {
        /// The block.
        block: BlockNumber,
        /// What was recorded.
        recorded: Millis,
        /// What it says.
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
    /// The last epoch, from which on it is read again.
    pub from: BlockNumber,
    /// What does not fit.
    pub misfit: Misfit,
}

/// Misfits remembered of a subnet: those of an interval, and of the one before it where both are read again.
const REMEMBERED: usize = 64;

/// The last misfits that were met, by subnet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Doubts(BTreeMap<NetUid, VecDeque<Doubt>>);

impl Doubts {
    /// Whether a misfit came out the same when it was read again; otherwise it is remembered.
    pub(crate) fn settles(&mut self, doubt: &Doubt) -> bool {
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
