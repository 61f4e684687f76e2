//! The coldkeys whose positions show what the events of a block do not say.

use std::collections::{BTreeMap, BTreeSet};

use crate::flow::classify::{Flows, SwappedKeys};
use crate::units::{Coldkey, PositionKey, RaoDelta};

/// The coldkeys whose positions must be read around a block to settle it. There are none where events say
/// everything.
///
/// For the crates of this workspace.
#[must_use]
pub fn affected(
    flows: &Flows,
    holders: &BTreeSet<Coldkey>,
    balances: &BTreeMap<PositionKey, RaoDelta>,
) -> BTreeSet<Coldkey> {
    let mut found = BTreeSet::new();
    let mut held: BTreeSet<Coldkey> = holders.clone();
    for swap in &flows.swaps {
        match swap.keys {
            SwappedKeys::Hotkey(old, new) => {
                let staked = balances
                    .iter()
                    .filter(|(key, alpha)| (key.hotkey == old || key.hotkey == new) && !alpha.is_zero());
                found.extend(staked.map(|(key, _)| key.coldkey));
                let legs = flows.legs.iter().filter(|leg| leg.key.hotkey == old || leg.key.hotkey == new);
                found.extend(legs.map(|leg| leg.key.coldkey).filter(|coldkey| held.contains(coldkey)));
            }
            SwappedKeys::Coldkey(old, new) if held.contains(&old) || held.contains(&new) => {
                found.extend([old, new]);
                held.extend([old, new]);
            }
            SwappedKeys::Coldkey(..) => {}
        }
    }
    // A coldkey may be swapped again in the same block. Its stake is followed through each swap.
    for swap in &flows.swaps {
        if let SwappedKeys::Coldkey(old, new) = swap.keys
            && (found.contains(&old) || found.contains(&new))
        {
            found.extend([old, new]);
        }
    }
    found.extend(flows.claims.iter().map(|(_, coldkey)| *coldkey).filter(|coldkey| held.contains(coldkey)));
    let unknown = flows.legs.iter().filter(|leg| flows.doubted || leg.alpha.is_none());
    found.extend(unknown.map(|leg| leg.key.coldkey).filter(|coldkey| held.contains(coldkey)));
    found.extend(flows.orders.iter().map(|order| order.trader).filter(|coldkey| held.contains(coldkey)));
    if !flows.reconciled.is_empty() {
        // The pool may have given value to shares that had none.
        found.extend(held);
    }
    found
}
