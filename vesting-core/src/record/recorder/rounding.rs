//! How much of a residual rounding explains. Where the known operations are not enough, the share pools show
//! others.

use std::collections::{BTreeMap, BTreeSet};

use super::Recorder;
use crate::flow::classify::classify;
use crate::ledger::{Entry, Kind};
use crate::ports::{ChainError, Fingerprint, ReadChain, SubnetAsk, TraceKeys};
use crate::record::agreed::{agreed, agreed_block};
use crate::record::error::MonitorError;
use crate::record::interval::Residual;
use crate::units::{BlockNumber, Hotkey};

impl Recorder<'_> {
    /// Raises the bounds of residuals that the known operations do not explain. Some operations were not
    /// read, or no event named their hotkey, but the share pools show them.
    pub(super) async fn raise_bounds(
        &self,
        from: BlockNumber,
        to: BlockNumber,
        pools: &BTreeMap<Hotkey, Fingerprint>,
        found: &mut [Residual],
    ) -> Result<(), MonitorError> {
        let names: BTreeMap<Hotkey, BTreeSet<Hotkey>> = found
            .iter()
            .filter(|residual| !residual.is_rounding())
            .map(|residual| (residual.key.hotkey, self.names_of(residual.key.hotkey)))
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        let hotkeys: BTreeSet<Hotkey> = names.values().flatten().copied().collect();
        let at_from = self.pools(from, &hotkeys, self.ledger.interval_pools()).await?;
        let at_to = self.pools(to, &hotkeys, pools).await?;
        for residual in found.iter_mut().filter(|residual| !residual.is_rounding()) {
            let Some(names) = names.get(&residual.key.hotkey) else { continue };
            let of = |pools: &BTreeMap<Hotkey, Fingerprint>| {
                names
                    .iter()
                    .filter_map(|hotkey| pools.get(hotkey).map(|print| (*hotkey, print.clone())))
                    .collect::<BTreeMap<_, _>>()
            };
            let (at_from, at_to) = (of(&at_from), of(&at_to));
            let runtime = u64::from(self.ledger.interval().runtime_changed);
            // A pool that changed had at least one operation.
            let once = runtime.saturating_add(u64::from(at_from != at_to));
            residual.bound = residual.bound.max(once);
            if !residual.is_rounding() {
                residual.bound = self.operations((from, at_from), (to, at_to), *residual).await?;
            }
        }
        Ok(())
    }

    /// The share pools of hotkeys in the state of a block, as two answers agree on them. `known` is from one
    /// answer. They decide which operations are counted.
    pub(super) async fn pools(
        &self,
        block: BlockNumber,
        hotkeys: &BTreeSet<Hotkey>,
        known: &BTreeMap<Hotkey, Fingerprint>,
    ) -> Result<BTreeMap<Hotkey, Fingerprint>, ChainError> {
        let told =
            hotkeys.iter().map(|hotkey| known.get(hotkey).map(|print| (*hotkey, print.clone()))).collect();
        let ask = SubnetAsk {
            traces: TraceKeys { pools: hotkeys.clone(), ..TraceKeys::default() },
            ..SubnetAsk::default()
        };
        agreed(block, told, || async {
            Ok(self.chain.subnet(block, self.netuid(), ask.clone()).await?.traces.pools)
        })
        .await
    }

    /// The number of operations after `from` up to `to` that may have rounded a position. They are in the
    /// blocks where the pool of its hotkey changed, found by bisection. The search stops when they explain
    /// the residual.
    pub(super) async fn operations(
        &self,
        from: (BlockNumber, BTreeMap<Hotkey, Fingerprint>),
        to: (BlockNumber, BTreeMap<Hotkey, Fingerprint>),
        residual: Residual,
    ) -> Result<u64, MonitorError> {
        let netuid = self.netuid();
        let hotkeys: BTreeSet<Hotkey> = from.1.keys().copied().collect();
        let mut bound = u64::from(self.ledger.interval().runtime_changed);
        let mut parts = vec![(from, to)];
        while let Some(((low, at_low), (high, at_high))) = parts.pop() {
            if at_low == at_high || low >= high || u128::from(bound) >= residual.alpha.magnitude() {
                continue;
            }
            if high == low.child() {
                let flows = classify(netuid, &agreed_block(self.chain, high, &[netuid], None).await?);
                let named = hotkeys
                    .iter()
                    .filter_map(|hotkey| flows.operations.get(hotkey))
                    .fold(0u64, |sum, n| sum.saturating_add(*n));
                bound = bound.saturating_add(named).saturating_add(flows.anywhere());
                continue;
            }
            let middle = BlockNumber(low.0.midpoint(high.0));
            let at_middle = self.pools(middle, &hotkeys, &BTreeMap::new()).await?;
            parts.push(((middle, at_middle.clone()), (high, at_high)));
            parts.push(((low, at_low), (middle, at_middle)));
        }
        Ok(bound)
    }

    /// This hotkey, and those whose stake was swapped to it in the open interval.
    pub(super) fn names_of(&self, hotkey: Hotkey) -> BTreeSet<Hotkey> {
        let mut names = BTreeSet::from([hotkey]);
        let swaps: Vec<&Entry> =
            self.ledger.interval_entries().iter().filter(|e| e.kind == Kind::KeySwap).collect();
        for entry in swaps.iter().rev().filter(|e| e.alpha.0 > 0) {
            if names.contains(&entry.key.hotkey) {
                let from = swaps.iter().filter(|e| {
                    e.block == entry.block && e.source == entry.source && e.alpha == -entry.alpha
                });
                names.extend(from.map(|e| e.key.hotkey));
            }
        }
        names
    }
}
