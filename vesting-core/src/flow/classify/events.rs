//! The events of a block, one after the other.

use crate::block::{BlockFacts, ChainEvent, Phase, StakeEvent};
use crate::flow::classify::draft::{Draft, claim, pay_out};
use crate::flow::classify::flows::{Flows, Leg, Order};
use crate::flow::classify::swap::{Swap, SwappedKeys};
use crate::ledger::{Kind, Source};
use crate::units::{NetUid, PositionKey, RaoDelta};

/// Classifies the events of a block for subnet `netuid`.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use vesting_core::classify::classify;
/// use vesting_core::{
///     BlockFacts, BlockHash, BlockNumber, BlockRef, ChainEvent, Coldkey, Hotkey, Kind, Millis, NetUid, Phase,
///     Rao, RaoDelta, StakeEvent,
/// };
///
/// let sale = StakeEvent::StakeRemoved {
///     coldkey: Coldkey([1; 32]),
///     hotkey: Hotkey([2; 32]),
///     netuid: NetUid(2),
///     alpha: Some(Rao(5)),
///     fee: Rao(0),
/// };
/// let facts = BlockFacts {
///     block: BlockRef { number: BlockNumber(7_200), hash: BlockHash([1; 32]) },
///     parent_hash: BlockHash([0; 32]),
///     time: Millis(86_400_000),
///     spec_version: 300,
///     measured: true,
///     announces_incentive: true,
///     counters_asked: false,
///     subnets: BTreeMap::new(),
///     registrations: BTreeMap::new(),
///     events: vec![ChainEvent { index: 3, phase: Phase::Extrinsic(1), event: sale }],
/// };
/// let flows = classify(NetUid(2), &facts);
/// assert_eq!((flows.legs[0].kind, flows.legs[0].alpha), (Kind::StakeRemoved, Some(RaoDelta(-5))));
/// assert!(classify(NetUid(3), &facts).legs.is_empty());
/// ```
#[must_use]
pub fn classify(netuid: NetUid, facts: &BlockFacts) -> Flows {
    Flows { doubted: !facts.measured, ..of_events(netuid, &facts.events) }
}

pub(super) fn of_events(netuid: NetUid, events: &[ChainEvent]) -> Flows {
    let mut legs: Vec<Draft> = Vec::new();
    let mut executed: Vec<(NetUid, Order)> = Vec::new();
    let mut flows = Flows::default();
    for ChainEvent { index, phase, event } in events {
        let source = Source { event_index: *index, phase: *phase };
        match event {
            StakeEvent::StakeAdded { coldkey, hotkey, netuid, alpha } => {
                legs.push(Draft::new(
                    source,
                    *netuid,
                    *hotkey,
                    *coldkey,
                    Kind::StakeAdded,
                    alpha.map(crate::units::Rao::delta),
                ));
            }
            StakeEvent::StakeRemoved { coldkey, hotkey, netuid, alpha, fee } => {
                let mut draft = Draft::new(
                    source,
                    *netuid,
                    *hotkey,
                    *coldkey,
                    Kind::StakeRemoved,
                    alpha.map(|alpha| -alpha.delta()),
                );
                draft.leg.fee = fee.delta();
                legs.push(draft);
            }
            StakeEvent::AlphaRecycled { coldkey, hotkey, netuid, alpha } => {
                legs.push(Draft::new(
                    source,
                    *netuid,
                    *hotkey,
                    *coldkey,
                    Kind::Recycled,
                    Some(-alpha.delta()),
                ));
            }
            StakeEvent::AlphaBurned { coldkey, hotkey, netuid, alpha } => {
                legs.push(Draft::new(source, *netuid, *hotkey, *coldkey, Kind::Burned, Some(-alpha.delta())));
            }
            StakeEvent::StakeMoved { coldkey, from_hotkey, from_netuid, to_hotkey, to_netuid } => {
                let from = (*from_netuid, PositionKey { hotkey: *from_hotkey, coldkey: *coldkey });
                let to = (*to_netuid, PositionKey { hotkey: *to_hotkey, coldkey: *coldkey });
                claim(&mut legs, *phase, from, to);
            }
            StakeEvent::StakeTransferred { from_coldkey, to_coldkey, hotkey, from_netuid, to_netuid } => {
                let from = (*from_netuid, PositionKey { hotkey: *hotkey, coldkey: *from_coldkey });
                let to = (*to_netuid, PositionKey { hotkey: *hotkey, coldkey: *to_coldkey });
                claim(&mut legs, *phase, from, to);
            }
            StakeEvent::StakeAndHotkeyTransferred {
                from_coldkey,
                to_coldkey,
                from_hotkey,
                to_hotkey,
                from_netuid,
                to_netuid,
            } => {
                let from = (*from_netuid, PositionKey { hotkey: *from_hotkey, coldkey: *from_coldkey });
                let to = (*to_netuid, PositionKey { hotkey: *to_hotkey, coldkey: *to_coldkey });
                claim(&mut legs, *phase, from, to);
            }
            StakeEvent::StakeSwapped { coldkey, hotkey, from_netuid, to_netuid } => {
                let key = PositionKey { hotkey: *hotkey, coldkey: *coldkey };
                claim(&mut legs, *phase, (*from_netuid, key), (*to_netuid, key));
            }
            StakeEvent::FeePaidWithAlpha { who, alpha } => {
                // The fee was debited first in its extrinsic, by a removal without a fee of its own.
                let taken = Some(-alpha.delta());
                let fee = legs.iter_mut().find(|draft| {
                    draft.is_open(Kind::StakeRemoved, *phase)
                        && draft.leg.key.coldkey == *who
                        && draft.leg.alpha == taken
                });
                if let Some(draft) = fee {
                    draft.leg.kind = Kind::Fee;
                    draft.claimed = true;
                }
            }
            StakeEvent::HotkeySwapped { old, new, netuid: on, .. }
                if on.is_none_or(|on| on == netuid) && old != new =>
            {
                flows.swaps.push(Swap { source, keys: SwappedKeys::Hotkey(*old, *new) });
                for hotkey in [old, new] {
                    *flows.operations.entry(*hotkey).or_default() += 1;
                }
            }
            StakeEvent::ColdkeySwapped { old, new } if old != new => {
                flows.swaps.push(Swap { source, keys: SwappedKeys::Coldkey(*old, *new) });
            }
            StakeEvent::RootClaimed { coldkey } => flows.claims.push((source, *coldkey)),
            StakeEvent::OrderExecuted { trader, netuid, sells, alpha } => {
                let alpha = if *sells { -alpha.delta() } else { alpha.delta() };
                executed.push((*netuid, Order { source, trader: *trader, sells: *sells, alpha }));
            }
            StakeEvent::OrdersGrouped { netuid: on, orders } if *on == netuid => {
                let grouped =
                    executed.iter().rev().filter(|(on, order)| *on == netuid && order.source.phase == *phase);
                flows.orders.extend(
                    grouped.take(usize::try_from(*orders).unwrap_or(usize::MAX)).map(|(_, order)| *order),
                );
                executed.retain(|(on, order)| *on != netuid || order.source.phase != *phase);
            }
            StakeEvent::LeaseDividend { contributor, alpha } => {
                pay_out(&mut legs, *phase, *contributor, alpha.delta())
            }
            StakeEvent::PoolReconciled { hotkey, netuid: on } if *on == netuid => {
                flows.reconciled.push((source, *hotkey))
            }
            StakeEvent::OwnerChanged { netuid: on, new }
                if *on == netuid && *phase == Phase::Initialization =>
            {
                flows.new_owner = Some(*new)
            }
            StakeEvent::NetworkRemoved { netuid: removed } if *removed == netuid => {
                flows.dissolved = Some(source)
            }
            StakeEvent::EpochSkipped { netuid: skipped } if *skipped == netuid => flows.skipped = true,
            _ => {}
        }
    }
    for draft in legs.into_iter().filter(|draft| draft.netuid == netuid) {
        *flows.operations.entry(draft.leg.key.hotkey).or_default() += 1;
        flows.legs.push(draft.leg);
        flows.legs.extend(draft.surplus.map(|(kind, alpha)| Leg {
            kind,
            alpha: Some(alpha),
            fee: RaoDelta::ZERO,
            ..draft.leg
        }));
    }
    flows.orders.sort_by_key(|order| order.source.event_index);
    flows
}
