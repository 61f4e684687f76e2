//! One comparison: positions read from storage, and which of them the runtime is asked for.

use std::collections::{BTreeMap, BTreeSet};

use vesting_core::ports::SubnetState;
use vesting_core::{BlockNumber, Coldkey, NetUid, PositionKey, Rao};

use crate::agreement::due::is_due;
use crate::stake::locks::ColdkeyTotals;
use crate::state::reader::Reader;

/// Positions that were read from storage, to be compared.
pub(crate) struct Comparison<'a> {
    /// The state that they were read in.
    pub(crate) reader: &'a Reader<'a>,
    pub(crate) netuid: NetUid,
    /// The block of the epoch before.
    pub(crate) since: BlockNumber,
    /// The coldkeys whose positions were read, and the positions that they may have.
    pub(crate) coldkeys: &'a BTreeSet<Coldkey>,
    pub(crate) pairs: &'a BTreeSet<PositionKey>,
    pub(crate) state: &'a SubnetState,
    /// The totals of the coldkeys by the runtime's own answer, if it told them.
    pub(crate) totals: Option<&'a ColdkeyTotals>,
}

impl Comparison<'_> {
    /// The positions that the runtime is asked for one by one, and the coldkeys whose total by the runtime is
    /// not the sum by storage. `odd` are coldkeys that are known to be so.
    pub(crate) fn asked(&self, odd: &BTreeSet<Coldkey>, all: bool) -> (Vec<PositionKey>, BTreeSet<Coldkey>) {
        let shares = |key: &PositionKey| {
            self.state.traces.positions.get(key).is_some_and(|trace| !trace.shares.0.is_empty())
        };
        let held = |key: &PositionKey| self.state.positions.contains_key(key) || shares(key);
        let mut by_coldkey: BTreeMap<Coldkey, Vec<PositionKey>> = BTreeMap::new();
        for key in self.pairs {
            by_coldkey.entry(key.coldkey).or_default().push(*key);
        }
        let (mut asked, mut unexplained) = (Vec::new(), BTreeSet::new());
        for coldkey in self.coldkeys {
            let keys = by_coldkey.remove(coldkey).unwrap_or_default();
            let due = all || is_due(coldkey, self.since, self.reader.number);
            let due = keys.iter().filter(|key| due && held(key)).copied();
            match self.totals.filter(|_| !odd.contains(coldkey)) {
                None => asked.extend(due),
                // Some position is wrong, or the runtime counts one that is not here.
                Some(totals) if totals.total(coldkey) != sum(&keys, &self.state.positions) => {
                    unexplained.insert(*coldkey);
                    asked.extend(keys);
                }
                // If the sum is right, and all positions but one are, that one is right too.
                Some(_) => asked.extend(due.skip(1)),
            }
        }
        (asked, unexplained)
    }
}

/// The sum of these positions.
fn sum(keys: &[PositionKey], positions: &BTreeMap<PositionKey, Rao>) -> Rao {
    Rao(keys.iter().filter_map(|key| positions.get(key)).fold(0u64, |sum, alpha| sum.saturating_add(alpha.0)))
}
