//! What an epoch's block did to each position: incentive, the rest of the emission, stake
//! operations, rounding, and what nothing explains.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    BlockFacts, Coldkey, Entry, Flow, Hotkey, Kind, NetUid, Neuron, Phase, PositionKey, Rao, RaoDelta, Source, StakeChange, StakeEvent, Uid,
};

/// The states around an epoch's block B.
pub struct EpochStates<'a> {
    /// The subnet.
    pub netuid: NetUid,
    /// The facts of B.
    pub facts: &'a BlockFacts,
    /// The neurons at B−1: registrations follow the emission within B, so uids mean these (FACTS 8).
    pub neurons: &'a [Neuron],
    /// The owner of the subnet at B−1: its hotkeys' incentive is never credited.
    pub subnet_owner: Option<Coldkey>,
    /// The holders' positions at B−1.
    pub before: &'a BTreeMap<PositionKey, Rao>,
    /// The holders' positions at B.
    pub after: &'a BTreeMap<PositionKey, Rao>,
    /// Whether the runtime changed in B.
    pub runtime_changed: bool,
}

/// Splits what happened in B. `flows` are the holders' stake operations of the block, `operations`
/// those of anyone by hotkey.
///
/// Gives the entries of the block in ledger order, and a row for each position it touched.
#[must_use]
pub fn split(states: &EpochStates<'_>, flows: &[Entry], operations: &BTreeMap<Hotkey, u64>) -> (Vec<Entry>, Vec<StakeChange>) {
    let incentives = incentives(states);
    let mut credited: BTreeMap<PositionKey, RaoDelta> = BTreeMap::new();
    let mut credits: BTreeMap<Hotkey, u64> = BTreeMap::new();
    for ((key, _), alpha) in &incentives {
        *credited.entry(*key).or_default() += *alpha;
        *credits.entry(key.hotkey).or_default() += 1;
    }
    let mut moved: BTreeMap<PositionKey, Vec<&Entry>> = BTreeMap::new();
    for entry in flows {
        moved.entry(entry.key).or_default().push(entry);
    }
    let uids: BTreeMap<PositionKey, Uid> = states.neurons.iter().map(|n| (n.position(), n.uid)).collect();
    let touched: BTreeSet<PositionKey> =
        states.before.keys().chain(states.after.keys()).chain(credited.keys()).chain(moved.keys()).copied().collect();

    let mut entries: Vec<Entry> = incentives
        .iter()
        .map(|((key, source), alpha)| entry(states, Some(*source), *key, Kind::Incentive, *alpha))
        .chain(flows.iter().copied())
        .collect();
    let mut rows = Vec::new();
    for key in touched {
        let of = |positions: &BTreeMap<PositionKey, Rao>| positions.get(&key).copied().unwrap_or_default();
        let (before, after) = (of(states.before), of(states.after));
        let own = moved.get(&key).map_or(&[][..], Vec::as_slice);
        let sum = |flow: Flow| own.iter().filter(|e| e.flow() == flow).map(|e| e.alpha).sum::<RaoDelta>();
        let incentive = credited.get(&key).copied().unwrap_or_default();
        let net: RaoDelta = own.iter().map(|e| e.alpha).sum();
        let rest = after.delta() - before.delta() - net - incentive;
        // Each operation may round by one rao for everybody on the hotkey; a credit of emission and
        // the dividends are operations too.
        let operations = operations.get(&key.hotkey).copied().unwrap_or(0);
        let credits = credits.get(&key.hotkey).copied().unwrap_or(0);
        let bound = operations.saturating_add(credits).saturating_add(1).saturating_add(u64::from(states.runtime_changed));
        let mut row = StakeChange {
            uid: uids.get(&key).copied(),
            key,
            before,
            after,
            manual_add: sum(Flow::Inflow),
            manual_remove: -sum(Flow::Outflow),
            neutral: sum(Flow::Neutral),
            true_emission: incentive,
            incentive,
            rounding: RaoDelta::ZERO,
            unattributed: RaoDelta::ZERO,
        };
        if rest.0 > 0 {
            row.true_emission += rest;
            // A runtime that announces nothing pays incentive all the same: then all of it counts as such.
            let kind = if states.facts.announces_incentive { Kind::DividendOrOther } else { Kind::Incentive };
            if kind == Kind::Incentive {
                row.incentive += rest;
            }
            entries.push(entry(states, None, key, kind, rest));
        } else if rest.0 < 0 && rest.magnitude() <= u128::from(bound) {
            row.rounding = rest;
            entries.push(entry(states, None, key, Kind::Rounding, rest));
        } else if rest.0 < 0 {
            row.unattributed = rest;
            entries.push(entry(states, None, key, Kind::Unattributed, rest));
        }
        if before != after || !own.is_empty() || !incentive.is_zero() {
            rows.push(row);
        }
    }
    entries.sort_by_key(Entry::order);
    (entries, rows)
}

fn entry(states: &EpochStates<'_>, source: Option<Source>, key: PositionKey, kind: Kind, alpha: RaoDelta) -> Entry {
    Entry { netuid: states.netuid, block: states.facts.block.number, source, key, kind, alpha }
}

/// The incentive credited to each position by each announcement (one a mechanism).
fn incentives(states: &EpochStates<'_>) -> BTreeMap<(PositionKey, Source), RaoDelta> {
    let by_uid: BTreeMap<Uid, &Neuron> = states.neurons.iter().map(|n| (n.uid, n)).collect();
    let mut destinations: BTreeMap<PositionKey, Hotkey> = BTreeMap::new();
    for event in &states.facts.events {
        if let (Phase::Initialization, StakeEvent::AutoStakeAdded { netuid, destination, hotkey, owner, .. }) = (event.phase, &event.event)
            && *netuid == states.netuid
        {
            destinations.insert(PositionKey { hotkey: *hotkey, coldkey: *owner }, *destination);
        }
    }
    let mut found: BTreeMap<(PositionKey, Source), RaoDelta> = BTreeMap::new();
    for event in &states.facts.events {
        let StakeEvent::IncentiveEmitted { netuid, emissions, .. } = &event.event else { continue };
        if *netuid != states.netuid {
            continue;
        }
        let source = Source { event_index: event.index, phase: event.phase };
        for (uid, alpha) in (0u16..).zip(emissions) {
            let Some(neuron) = by_uid.get(&Uid(uid)) else { continue };
            // Announced, but burned or recycled (FACTS 8).
            if *alpha == Rao::ZERO || states.subnet_owner == Some(neuron.coldkey) {
                continue;
            }
            let mut key = neuron.position();
            key.hotkey = destinations.get(&key).copied().unwrap_or(key.hotkey);
            *found.entry((key, source)).or_default() += alpha.delta();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BlockHash, BlockNumber, BlockRef, ChainEvent, Millis};

    const OWNER: Coldkey = Coldkey([9; 32]);
    const MINER: PositionKey = PositionKey { hotkey: Hotkey([1; 32]), coldkey: Coldkey([2; 32]) };
    const NETUID: NetUid = NetUid(2);

    fn check(announces: bool, emissions: &[u64], before: u64, after: u64, flow: i128, expected: &[(Kind, i128)]) {
        let neurons = [
            Neuron { uid: Uid(0), hotkey: Hotkey([8; 32]), coldkey: OWNER },
            Neuron { uid: Uid(1), hotkey: MINER.hotkey, coldkey: MINER.coldkey },
        ];
        let event = StakeEvent::IncentiveEmitted { netuid: NETUID, mechanism: 0, emissions: emissions.iter().map(|e| Rao(*e)).collect() };
        let events = if announces { vec![ChainEvent { index: 0, phase: Phase::Initialization, event }] } else { Vec::new() };
        let facts = BlockFacts {
            block: BlockRef { number: BlockNumber(20), hash: BlockHash::default() },
            parent_hash: BlockHash::default(),
            time: Millis(0),
            spec_version: 425,
            announces_incentive: announces,
            subnets: BTreeMap::new(),
            events,
        };
        let positions = |alpha| BTreeMap::from([(MINER, Rao(alpha))]);
        let (before, after) = (positions(before), positions(after));
        let states = EpochStates {
            netuid: NETUID,
            facts: &facts,
            neurons: &neurons,
            subnet_owner: Some(OWNER),
            before: &before,
            after: &after,
            runtime_changed: false,
        };
        let source = Some(Source { event_index: 7, phase: Phase::Extrinsic(1) });
        let flows: Vec<Entry> = (flow != 0)
            .then_some(Entry {
                netuid: NETUID,
                block: BlockNumber(20),
                source,
                key: MINER,
                kind: Kind::StakeRemoved,
                alpha: RaoDelta(flow),
            })
            .into_iter()
            .collect();
        let (entries, rows) = split(&states, &flows, &BTreeMap::new());
        assert_eq!(entries.iter().map(|e| (e.kind, e.alpha.0)).collect::<Vec<_>>(), expected);
        assert!(rows.iter().all(StakeChange::adds_up), "{rows:?}");
        assert_eq!(rows.len(), 1);
    }

    #[test]
    fn incentive_and_dividends_are_told_apart_and_the_owner_gets_none() {
        check(true, &[500, 70], 100, 200, 0, &[(Kind::Incentive, 70), (Kind::DividendOrOther, 30)]);
    }

    #[test]
    fn what_is_earned_and_sold_in_one_block_is_seen() {
        check(true, &[0, 70], 0, 0, -70, &[(Kind::Incentive, 70), (Kind::StakeRemoved, -70)]);
    }

    #[test]
    fn a_rao_too_little_is_rounding_and_more_is_not_hidden() {
        check(true, &[0, 70], 100, 169, 0, &[(Kind::Incentive, 70), (Kind::Rounding, -1)]);
        check(true, &[0, 70], 100, 100, 0, &[(Kind::Incentive, 70), (Kind::Unattributed, -70)]);
    }

    #[test]
    fn without_announcements_all_emission_is_reward() {
        check(false, &[], 100, 150, 0, &[(Kind::Incentive, 50)]);
    }
}
