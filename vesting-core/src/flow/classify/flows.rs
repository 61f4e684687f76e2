//! What the events of a block say about one subnet.

use std::collections::BTreeMap;

use crate::flow::classify::swap::{Swap, SwappedKeys};
use crate::ledger::{Entry, Kind, Source};
use crate::units::{Coldkey, Hotkey, NetUid, PositionKey, RaoDelta};

/// What the events of a block say about one subnet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flows {
    /// The change of a position by each stake event of anyone, by index.
    pub legs: Vec<Leg>,
    /// Stake operations by anyone, by hotkey. Each may round every position on that hotkey by one rao.
    pub operations: BTreeMap<Hotkey, u64>,
    /// Swapped keys, by index.
    pub swaps: Vec<Swap>,
    /// Root claims, by index. Each may have raised any position of its coldkey.
    pub claims: Vec<(Source, Coldkey)>,
    /// Orders traded in a group, by index. Each changed a position of its trader; only the states around the
    /// block show which.
    pub orders: Vec<Order>,
    /// Hotkeys whose pool was reconciled. Any position on them may be worth more or less.
    pub reconciled: Vec<(Source, Hotkey)>,
    /// The owner of the subnet from this block's payout on, where it changed.
    pub new_owner: Option<Coldkey>,
    /// The event that dissolved the subnet, if one did.
    pub dissolved: Option<Source>,
    /// Whether a due epoch did not run.
    pub skipped: bool,
    /// Whether the meaning of amounts is not known for this runtime. They must then be checked against
    /// balances.
    pub doubted: bool,
}

impl Flows {
    /// The number of operations whose hotkeys no event names: root claims, orders of a group, and coldkey
    /// swaps. A swap counts twice, since it debits and credits.
    #[must_use]
    pub fn anywhere(&self) -> u64 {
        let coldkeys = self.swaps.iter().filter(|swap| matches!(swap.keys, SwappedKeys::Coldkey(..))).count();
        let unnamed = self.claims.len().saturating_add(self.orders.len());
        u64::try_from(unnamed.saturating_add(coldkeys.saturating_mul(2))).unwrap_or(u64::MAX)
    }

    /// The entry of a leg; `None` where its amount is 0 or not known.
    #[must_use]
    pub fn entry(netuid: NetUid, block: crate::units::BlockNumber, leg: &Leg) -> Option<Entry> {
        let alpha = leg.alpha.filter(|alpha| !alpha.is_zero())?;
        Some(Entry { netuid, block, source: Some(leg.source), key: leg.key, kind: leg.kind, alpha })
    }
}

/// A removal from or an addition to one position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leg {
    /// Its event.
    pub source: Source,
    /// The position.
    pub key: PositionKey,
    /// What kind of change it was.
    pub kind: Kind,
    /// Whether alpha came in.
    pub incoming: bool,
    /// The change; `None` where the runtime does not say how much.
    pub alpha: Option<RaoDelta>,
    /// The fee of a removal. If the amount of the event already includes it, the removal took that much less.
    pub fee: RaoDelta,
}

/// An order of a group. The trade has no stake event of its own, and the order's event does not name the
/// hotkey (docs/chain.md#orders-of-a-group).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Its event.
    pub source: Source,
    /// The coldkey that traded.
    pub trader: Coldkey,
    /// Whether it sold.
    pub sells: bool,
    /// The change of one of the trader's positions.
    pub alpha: RaoDelta,
}
