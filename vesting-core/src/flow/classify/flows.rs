//! What the events of a block say about one subnet.

use std::collections::BTreeMap;

use crate::flow::classify::swap::{Swap, SwappedKeys};
use crate::ledger::{Entry, Kind, Source};
use crate::units::{Coldkey, Hotkey, NetUid, PositionKey, RaoDelta};

/// What the events of a block say about one subnet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flows {
    /// A change of a position for each stake event, by index, of anyone.
    pub legs: Vec<Leg>,
    /// Stake operations by anyone on each hotkey: each may round by one rao for everybody there.
    pub operations: BTreeMap<Hotkey, u64>,
    /// Keys that got a new name, by index.
    pub swaps: Vec<Swap>,
    /// Root claims, by index: they may have raised any position of that coldkey.
    pub claims: Vec<(Source, Coldkey)>,
    /// Orders traded in a group, by index: each changed a position of its trader that the states around must
    /// tell.
    pub orders: Vec<Order>,
    /// Hotkeys whose pool was reconciled: any position on them may be worth more or less.
    pub reconciled: Vec<(Source, Hotkey)>,
    /// Who owns the subnet from this block's payout on, where that changed.
    pub new_owner: Option<Coldkey>,
    /// The subnet was dissolved.
    pub dissolved: Option<Source>,
    /// A due epoch did not run.
    pub skipped: bool,
    /// What the amounts mean is not known of this runtime: balances must bear them out.
    pub doubted: bool,
}

impl Flows {
    /// Operations of which no event says on which hotkeys they were: root claims, orders of a group, and
    /// coldkey swaps, which take and give.
    #[must_use]
    pub fn anywhere(&self) -> u64 {
        let coldkeys = self.swaps.iter().filter(|swap| matches!(swap.keys, SwappedKeys::Coldkey(..))).count();
        let unnamed = self.claims.len().saturating_add(self.orders.len());
        u64::try_from(unnamed.saturating_add(coldkeys.saturating_mul(2))).unwrap_or(u64::MAX)
    }

    /// The entry of a leg whose amount is known and not nothing.
    #[must_use]
    pub fn entry(netuid: NetUid, block: crate::units::BlockNumber, leg: &Leg) -> Option<Entry> {
        let alpha = leg.alpha.filter(|alpha| !alpha.is_zero())?;
        Some(Entry { netuid, block, source: Some(leg.source), key: leg.key, kind: leg.kind, alpha })
    }
}

/// A removal from or an addition to one position, in the order of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leg {
    /// Its event.
    pub source: Source,
    /// The position.
    pub key: PositionKey,
    /// What it was.
    pub kind: Kind,
    /// Whether alpha came in.
    pub incoming: bool,
    /// The change; `None` where the runtime does not say how much.
    pub alpha: Option<RaoDelta>,
    /// What a removal may have taken less, should its fee be inside the amount told.
    pub fee: RaoDelta,
}

/// An order of a group: the trade has no stake event of its own, and the order's does not name the hotkey
/// (docs/chain.md#orders-of-a-group).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Its event.
    pub source: Source,
    /// Whose it was.
    pub trader: Coldkey,
    /// Whether it sold.
    pub sells: bool,
    /// The change of one of the trader's positions.
    pub alpha: RaoDelta,
}
