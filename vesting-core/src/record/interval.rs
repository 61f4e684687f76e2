//! The interval between two epochs, and its residuals: what entries leave unexplained.

use std::collections::{BTreeMap, BTreeSet};

use crate::ledger::{Entry, Kind};
use crate::ports::{
    ChainError, ChainPort, LedgerState, ReadChain, ReadRecord, Roster, StoreError, SubnetAsk,
};
use crate::store::balances;
use crate::units::{BlockNumber, NetUid, PositionKey, Rao, RaoDelta};

/// The residual of one position over an interval, measured at the interval's two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Residual {
    /// The position.
    pub key: PositionKey,
    /// The change that entries do not explain.
    pub alpha: RaoDelta,
    /// The most that the share pool's rounding may be: a rao for each operation by anyone on the hotkey, and
    /// one more where the runtime changed.
    pub bound: u64,
}

impl Residual {
    /// Whether rounding alone may explain it.
    #[must_use]
    pub fn is_rounding(&self) -> bool {
        self.alpha.magnitude() <= u128::from(self.bound)
    }
}

/// An interval (B₁, B₂): from the state of B₁ to that of B₂−1.
///
/// For the crates of this workspace.
pub struct Interval<'a> {
    /// The subnet.
    pub netuid: NetUid,
    /// B₁.
    pub from: BlockNumber,
    /// B₂−1.
    pub to: BlockNumber,
    /// The positions at B₁.
    pub start: &'a BTreeMap<PositionKey, RaoDelta>,
    /// The entries between, in ledger order.
    pub entries: &'a [Entry],
}

impl Interval<'_> {
    /// Locates a residual that is more than rounding. Returns `unattributed` entries in the blocks where the
    /// position changed without explanation, found by bisection, and the remaining rounding.
    ///
    /// # Errors
    /// When the chain cannot be read.
    pub async fn locate(&self, chain: &dyn ChainPort, residual: Residual) -> Result<Vec<Entry>, ChainError> {
        let mut found = Vec::new();
        // Parts that are still to be searched: (from, unexplained there, to, unexplained there).
        let mut parts = vec![(self.from, RaoDelta::ZERO, self.to, residual.alpha)];
        while let Some((low, at_low, high, at_high)) = parts.pop() {
            let change = at_high - at_low;
            if change.magnitude() <= u128::from(residual.bound) {
                continue;
            }
            if high.0 <= low.0.saturating_add(1) {
                found.push(self.entry(high, Kind::Unattributed, residual.key, change));
                continue;
            }
            let middle = BlockNumber(low.0.midpoint(high.0));
            let at_middle = self.unexplained(chain, residual.key, middle).await?;
            parts.push((low, at_low, middle, at_middle));
            parts.push((middle, at_middle, high, at_high));
        }
        let left = residual.alpha - found.iter().map(|e| e.alpha).sum::<RaoDelta>();
        if !left.is_zero() {
            // Many small changes may add up beyond the bound, with no single block above it.
            let kind = if left.magnitude() <= u128::from(residual.bound) {
                Kind::Rounding
            } else {
                Kind::Unattributed
            };
            found.push(self.entry(self.to, kind, residual.key, left));
        }
        found.sort_by_key(Entry::order);
        Ok(found)
    }

    /// The rounding entry of a residual.
    #[must_use]
    pub fn rounding(&self, residual: Residual) -> Entry {
        self.entry(self.to, Kind::Rounding, residual.key, residual.alpha)
    }

    /// The part of a position's balance at `block` that the entries up to it do not explain.
    async fn unexplained(
        &self,
        chain: &dyn ChainPort,
        key: PositionKey,
        block: BlockNumber,
    ) -> Result<RaoDelta, ChainError> {
        let expected = Roster { positions: BTreeSet::from([key]), ..Roster::default() };
        let state = chain
            .subnet(block, self.netuid, SubnetAsk::positions(BTreeSet::from([key.coldkey]), expected))
            .await?;
        let alpha = state.positions.get(&key).copied().unwrap_or_default();
        let explained: RaoDelta =
            self.entries.iter().filter(|e| e.key == key && e.block <= block).map(|e| e.alpha).sum();
        Ok(alpha.delta() - self.start.get(&key).copied().unwrap_or_default() - explained)
    }

    fn entry(&self, block: BlockNumber, kind: Kind, key: PositionKey, alpha: RaoDelta) -> Entry {
        Entry { netuid: self.netuid, block, source: None, key, kind, alpha }
    }
}

/// The residuals at the end of an interval, one for each followed position that has one.
///
/// For the crates of this workspace.
#[must_use]
pub fn residuals(
    balances: &BTreeMap<PositionKey, RaoDelta>,
    positions: &BTreeMap<PositionKey, Rao>,
    followed: impl Fn(&PositionKey) -> bool,
    bound: impl Fn(&PositionKey) -> u64,
) -> Vec<Residual> {
    let keys: BTreeSet<PositionKey> =
        balances.keys().chain(positions.keys().filter(|key| followed(key))).copied().collect();
    let mut found = Vec::new();
    for key in keys {
        let balance = balances.get(&key).copied().unwrap_or_default();
        let alpha = positions.get(&key).copied().unwrap_or_default().delta() - balance;
        if !alpha.is_zero() {
            found.push(Residual { key, alpha, bound: bound(&key) });
        }
    }
    found
}

/// The entries that would close the open interval at the watermark. They are computed and never stored, since
/// a residual is measured at B₁ and B₂−1 only. `None` when the positions at the watermark were not read.
///
/// For the crates of this workspace.
///
/// # Errors
/// When the store cannot be read.
pub async fn closing(
    store: &dyn ReadRecord,
    netuid: NetUid,
    state: &LedgerState,
) -> Result<Option<Vec<Entry>>, StoreError> {
    let block = state.watermark.block.number;
    if state.watermark.observed != block {
        return Ok(None);
    }
    let balances = balances::at(store, netuid, state.interval.from, block).await?;
    let positions = store.positions_at(netuid, block).await?;
    // The hotkeys of operations that no event names are only looked up when the interval ends.
    let bound = |key: &PositionKey| state.interval.bound(&key.hotkey).saturating_add(state.interval.anywhere);
    let entry = |residual: Residual| {
        let kind = if residual.is_rounding() { Kind::Rounding } else { Kind::Unattributed };
        Entry { netuid, block, source: None, key: residual.key, kind, alpha: residual.alpha }
    };
    Ok(Some(residuals(&balances, &positions, |_| true, bound).into_iter().map(entry).collect()))
}
