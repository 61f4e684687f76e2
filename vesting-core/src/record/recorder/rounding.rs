//! How much of a residue rounding explains: where the operations known do not explain it, the share pools
//! tell of others.

use std::collections::{BTreeMap, BTreeSet};

use super::Recorder;
use crate::flow::classify::classify;
use crate::ledger::{Entry, Kind};
use crate::ports::{ChainError, Fingerprint, ReadChain, SubnetAsk, TraceKeys};
use crate::record::agreed::{agreed, agreed_block};
use crate::record::error::MonitorError;
use crate::record::interval::Residue;
use crate::units::{BlockNumber, Hotkey};

impl Recorder<'_> {
    /// Raises the bounds of residues that the operations known do not explain: not every operation was
    /// seen, or said on which hotkey it was, but the pools tell.
    pub(super) async fn raise_bounds(
        &self,
        from: BlockNumber,
        to: BlockNumber,
        pools: &BTreeMap<Hotkey, Fingerprint>,
        found: &mut [Residue],
    ) -> Result<(), MonitorError> {
        let names: BTreeMap<Hotkey, BTreeSet<Hotkey>> = found
            .iter()
            .filter(|residue| !residue.is_rounding())
            .map(|residue| (residue.key.hotkey, self.names_of(residue.key.hotkey)))
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        let hotkeys: BTreeSet<Hotkey> = names.values().flatten().copied().collect();
        let at_from = self.pools(from, &hotkeys, self.ledger.interval_pools()).await?;
        let at_to = self.pools(to, &hotkeys, pools).await?;
        for residue in found.iter_mut().filter(|residue| !residue.is_rounding()) {
            let Some(names) = names.get(&residue.key.hotkey) else { continue };
            let of = |pools: &BTreeMap<Hotkey, Fingerprint>| {
                names
                    .iter()
                    .filter_map(|hotkey| pools.get(hotkey).map(|print| (*hotkey, print.clone())))
                    .collect::<BTreeMap<_, _>>()
            };
            let (at_from, at_to) = (of(&at_from), of(&at_to));
            let runtime = u64::from(self.ledger.interval().runtime_changed);
            // A pool that changed was operated on at least once.
            let once = runtime.saturating_add(u64::from(at_from != at_to));
            residue.bound = residue.bound.max(once);
            if !residue.is_rounding() {
                residue.bound = self.operations((from, at_from), (to, at_to), *residue).await?;
            }
        }
        Ok(())
    }

    /// The share pools of hotkeys in the state of a block, as two answers have them; what is `known` is of
    /// one. They decide which operations are kept.
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

    /// The operations after `from` up to `to` that may have rounded a position: those in blocks where
    /// its hotkey's pool changed, found by bisection, as far as they are needed to explain the residue.
    pub(super) async fn operations(
        &self,
        from: (BlockNumber, BTreeMap<Hotkey, Fingerprint>),
        to: (BlockNumber, BTreeMap<Hotkey, Fingerprint>),
        residue: Residue,
    ) -> Result<u64, MonitorError> {
        let netuid = self.netuid();
        let hotkeys: BTreeSet<Hotkey> = from.1.keys().copied().collect();
        let mut bound = u64::from(self.ledger.interval().runtime_changed);
        let mut parts = vec![(from, to)];
        while let Some(((low, at_low), (high, at_high))) = parts.pop() {
            if at_low == at_high || low >= high || u128::from(bound) >= residue.alpha.magnitude() {
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

    /// The hotkeys whose stake was renamed to this one in the open interval, and itself.
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
