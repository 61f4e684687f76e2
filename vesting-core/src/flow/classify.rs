//! Stake events of a block as flows of the holders on one subnet.
//!
//! Moves, transfers and swaps announce themselves *after* the removal and the addition they are made of
//! (docs/chain.md#moves-transfers-swaps); the announcement gives those two their kind and is no flow of its
//! own.

use std::collections::BTreeMap;

use crate::block::{BlockFacts, ChainEvent, Phase, StakeEvent};
use crate::ledger::{Entry, Flow, Kind, Source};
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

/// A key that got a new name. All of its stake on the subnet goes with it, with no amount announced
/// (a hotkey's stake may also stay, which only balances tell).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swap {
    /// Its event.
    pub source: Source,
    /// Which key.
    pub keys: SwappedKeys,
}

/// The old and the new name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SwappedKeys {
    /// A hotkey, for everyone who has stake on it.
    Hotkey(Hotkey, Hotkey),
    /// A coldkey, on every hotkey it has stake on.
    Coldkey(Coldkey, Coldkey),
}

impl SwappedKeys {
    /// Where a position is afterwards, if the swap is about it.
    #[must_use]
    pub fn renamed(&self, key: &PositionKey) -> Option<PositionKey> {
        match *self {
            Self::Hotkey(old, new) if key.hotkey == old => Some(PositionKey { hotkey: new, ..*key }),
            Self::Coldkey(old, new) if key.coldkey == old => Some(PositionKey { coldkey: new, ..*key }),
            _ => None,
        }
    }

    /// Where what is at a position afterwards may have been before, if the swap is about it.
    #[must_use]
    pub fn origin(&self, key: &PositionKey) -> Option<PositionKey> {
        match *self {
            Self::Hotkey(old, new) if key.hotkey == new => Some(PositionKey { hotkey: old, ..*key }),
            Self::Coldkey(old, new) if key.coldkey == new => Some(PositionKey { coldkey: old, ..*key }),
            _ => None,
        }
    }
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

/// A leg before it is known what it was part of.
struct Draft {
    leg: Leg,
    netuid: NetUid,
    /// Whether an announcement gave it its kind already.
    claimed: bool,
    /// What a move took beyond what it brought.
    surplus: Option<(Kind, RaoDelta)>,
}

/// Classifies the events of a block for subnet `netuid`.
#[must_use]
pub fn classify(netuid: NetUid, facts: &BlockFacts) -> Flows {
    Flows { doubted: !facts.measured, ..of_events(netuid, &facts.events) }
}

fn of_events(netuid: NetUid, events: &[ChainEvent]) -> Flows {
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
                // The fee was taken first in its extrinsic, by a removal without a fee of its own.
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

impl Draft {
    fn new(
        source: Source,
        netuid: NetUid,
        hotkey: Hotkey,
        coldkey: Coldkey,
        kind: Kind,
        alpha: Option<RaoDelta>,
    ) -> Self {
        let leg = Leg {
            source,
            key: PositionKey { hotkey, coldkey },
            kind,
            incoming: kind.flow() == Flow::Inflow,
            alpha,
            fee: RaoDelta::ZERO,
        };
        Self { leg, netuid, claimed: false, surplus: None }
    }

    fn is_open(&self, kind: Kind, phase: Phase) -> bool {
        !self.claimed && self.leg.kind == kind && self.leg.source.phase == phase
    }
}

/// Gives the last open removal at `from` and the last open addition at `to` of the same phase the
/// kind that the announcement means.
fn claim(legs: &mut [Draft], phase: Phase, from: (NetUid, PositionKey), to: (NetUid, PositionKey)) {
    let (out, into) = if from.1.coldkey != to.1.coldkey {
        (Kind::TransferredOut, Kind::TransferredIn)
    } else if from.0 != to.0 {
        (Kind::SwappedOut, Kind::SwappedIn)
    } else {
        (Kind::Moved, Kind::Moved)
    };
    let [taken, brought] = [(from, Kind::StakeRemoved, out), (to, Kind::StakeAdded, into)].map(
        |((netuid, key), was, becomes)| {
            let place = legs.iter().rposition(|draft| {
                draft.is_open(was, phase) && draft.netuid == netuid && draft.leg.key == key
            })?;
            legs[place].leg.kind = becomes;
            legs[place].claimed = true;
            Some(place)
        },
    );
    if let (Kind::Moved, Some(taken), Some(brought)) = (out, taken, brought) {
        part_surplus(legs, taken, brought);
    }
}

/// A move within a subnet brings as much as it takes. On the runtimes where it costs a fee, what it takes
/// beyond that is the fee (docs/chain.md#a-move-that-costs); what it brought beyond would be bought.
fn part_surplus(legs: &mut [Draft], taken: usize, brought: usize) {
    let (Some(out), Some(into)) = (legs[taken].leg.alpha, legs[brought].leg.alpha) else { return };
    let off = out + into;
    if off.0 < 0 {
        legs[taken].leg.alpha = Some(-into);
        legs[taken].surplus = Some((Kind::Fee, off));
    } else if off.0 > 0 {
        legs[brought].leg.alpha = Some(-out);
        legs[brought].surplus = Some((Kind::StakeAdded, off));
    }
}

/// Gives the last open removal and the last open addition of a lease's dividends their kinds: who gets them
/// earned them, and bought nothing (docs/chain.md#leases).
fn pay_out(legs: &mut [Draft], phase: Phase, contributor: Coldkey, alpha: RaoDelta) {
    let fits = |draft: &Draft, kind, alpha| draft.is_open(kind, phase) && draft.leg.alpha == Some(alpha);
    let added = |draft: &Draft| fits(draft, Kind::StakeAdded, alpha) && draft.leg.key.coldkey == contributor;
    let Some(place) = legs.iter().rposition(added) else { return };
    let to = &mut legs[place];
    to.leg.kind = Kind::DividendOrOther;
    to.claimed = true;
    let (hotkey, netuid) = (to.leg.key.hotkey, to.netuid);
    let removed = |draft: &Draft| {
        fits(draft, Kind::StakeRemoved, -alpha) && (draft.leg.key.hotkey, draft.netuid) == (hotkey, netuid)
    };
    if let Some(place) = legs.iter().rposition(removed) {
        let from = &mut legs[place];
        from.leg.kind = Kind::TransferredOut;
        from.claimed = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{BlockNumber, Rao};

    const HOLDER: Coldkey = Coldkey([1; 32]);
    const OTHER: Coldkey = Coldkey([2; 32]);
    const A: Hotkey = Hotkey([10; 32]);
    const B: Hotkey = Hotkey([11; 32]);
    const HERE: NetUid = NetUid(2);
    const THERE: NetUid = NetUid(3);

    fn removed(coldkey: Coldkey, hotkey: Hotkey, netuid: NetUid, alpha: u64) -> StakeEvent {
        StakeEvent::StakeRemoved { coldkey, hotkey, netuid, alpha: Some(Rao(alpha)), fee: Rao::ZERO }
    }

    fn added(coldkey: Coldkey, hotkey: Hotkey, netuid: NetUid, alpha: u64) -> StakeEvent {
        StakeEvent::StakeAdded { coldkey, hotkey, netuid, alpha: Some(Rao(alpha)) }
    }

    fn check(events: &[(u32, StakeEvent)], expected: &[(Kind, Coldkey, i128)]) {
        let events: Vec<ChainEvent> = (0u32..)
            .zip(events)
            .map(|(index, (extrinsic, event))| ChainEvent {
                index,
                phase: Phase::Extrinsic(*extrinsic),
                event: event.clone(),
            })
            .collect();
        let found: Vec<_> = of_events(HERE, &events)
            .legs
            .iter()
            .filter_map(|leg| Flows::entry(HERE, BlockNumber(9), leg))
            .map(|e| (e.kind, e.key.coldkey, e.alpha.0))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_sale_and_a_purchase() {
        check(
            &[(1, removed(HOLDER, A, HERE, 5)), (2, added(HOLDER, A, HERE, 7))],
            &[(Kind::StakeRemoved, HOLDER, -5), (Kind::StakeAdded, HOLDER, 7)],
        );
    }

    #[test]
    fn a_move_here_is_neutral_and_elsewhere_a_swap() {
        let moved = |to_netuid| StakeEvent::StakeMoved {
            coldkey: HOLDER,
            from_hotkey: A,
            from_netuid: HERE,
            to_hotkey: B,
            to_netuid,
        };
        check(
            &[(1, removed(HOLDER, A, HERE, 5)), (1, added(HOLDER, B, HERE, 5)), (1, moved(HERE))],
            &[(Kind::Moved, HOLDER, -5), (Kind::Moved, HOLDER, 5)],
        );
        check(
            &[(1, removed(HOLDER, A, HERE, 5)), (1, added(HOLDER, B, THERE, 4)), (1, moved(THERE))],
            &[(Kind::SwappedOut, HOLDER, -5)],
        );
    }

    #[test]
    fn a_transfer_leaves_one_holder_and_enters_another() {
        let transfer = StakeEvent::StakeTransferred {
            from_coldkey: HOLDER,
            to_coldkey: OTHER,
            hotkey: A,
            from_netuid: HERE,
            to_netuid: HERE,
        };
        check(
            &[(1, removed(HOLDER, A, HERE, 5)), (1, added(OTHER, A, HERE, 5)), (1, transfer)],
            &[(Kind::TransferredOut, HOLDER, -5), (Kind::TransferredIn, OTHER, 5)],
        );
    }

    #[test]
    fn in_a_batch_each_announcement_takes_its_own_legs() {
        let swap =
            StakeEvent::StakeSwapped { coldkey: HOLDER, hotkey: A, from_netuid: THERE, to_netuid: HERE };
        check(
            &[
                (1, removed(HOLDER, A, HERE, 1)),
                (1, removed(HOLDER, A, THERE, 9)),
                (1, added(HOLDER, A, HERE, 8)),
                (1, swap),
                (1, added(HOLDER, A, HERE, 3)),
            ],
            &[(Kind::StakeRemoved, HOLDER, -1), (Kind::SwappedIn, HOLDER, 8), (Kind::StakeAdded, HOLDER, 3)],
        );
    }

    #[test]
    fn a_fee_in_alpha_is_counted_once_and_not_across_extrinsics() {
        let fee = StakeEvent::FeePaidWithAlpha { who: HOLDER, alpha: Rao(2) };
        check(
            &[
                (1, removed(HOLDER, A, HERE, 2)),
                (2, removed(HOLDER, A, HERE, 2)),
                (2, removed(HOLDER, A, HERE, 40)),
                (2, fee),
            ],
            &[(Kind::StakeRemoved, HOLDER, -2), (Kind::Fee, HOLDER, -2), (Kind::StakeRemoved, HOLDER, -40)],
        );
    }

    #[test]
    fn what_a_move_costs_is_a_fee() {
        let moved = StakeEvent::StakeMoved {
            coldkey: HOLDER,
            from_hotkey: A,
            from_netuid: HERE,
            to_hotkey: B,
            to_netuid: HERE,
        };
        check(
            &[(1, removed(HOLDER, A, HERE, 67_532_808)), (1, added(HOLDER, B, HERE, 67_330_856)), (1, moved)],
            &[
                (Kind::Moved, HOLDER, -67_330_856),
                (Kind::Fee, HOLDER, -201_952),
                (Kind::Moved, HOLDER, 67_330_856),
            ],
        );
    }

    #[test]
    fn stake_and_hotkey_may_change_hands_at_once() {
        let to = |to_coldkey| StakeEvent::StakeAndHotkeyTransferred {
            from_coldkey: HOLDER,
            to_coldkey,
            from_hotkey: A,
            to_hotkey: B,
            from_netuid: HERE,
            to_netuid: HERE,
        };
        check(
            &[(1, removed(HOLDER, A, HERE, 5)), (1, added(OTHER, B, HERE, 5)), (1, to(OTHER))],
            &[(Kind::TransferredOut, HOLDER, -5), (Kind::TransferredIn, OTHER, 5)],
        );
        // Between two hotkeys of one coldkey it is no sale.
        check(
            &[(1, removed(HOLDER, A, HERE, 5)), (1, added(HOLDER, B, HERE, 5)), (1, to(HOLDER))],
            &[(Kind::Moved, HOLDER, -5), (Kind::Moved, HOLDER, 5)],
        );
    }

    #[test]
    fn dividends_of_a_lease_are_earned_and_not_bought() {
        let paid = StakeEvent::LeaseDividend { contributor: OTHER, alpha: Rao(5) };
        check(
            &[
                (1, removed(HOLDER, A, HERE, 5)),
                (1, added(OTHER, A, HERE, 5)),
                (1, paid),
                (1, added(OTHER, A, HERE, 7)),
            ],
            &[
                (Kind::TransferredOut, HOLDER, -5),
                (Kind::DividendOrOther, OTHER, 5),
                (Kind::StakeAdded, OTHER, 7),
            ],
        );
    }

    #[test]
    fn only_orders_of_a_group_are_trades_without_a_stake_event() {
        let order = |netuid, sells, alpha| StakeEvent::OrderExecuted {
            trader: HOLDER,
            netuid,
            sells,
            alpha: Rao(alpha),
        };
        let grouped = |netuid, orders| StakeEvent::OrdersGrouped { netuid, orders };
        let events = [
            // One that has its stake event, and groups on two subnets, in one extrinsic.
            removed(HOLDER, A, HERE, 4),
            order(HERE, true, 4),
            order(HERE, true, 5),
            order(HERE, false, 6),
            grouped(HERE, 2),
            order(THERE, true, 7),
            grouped(THERE, 1),
        ];
        let events: Vec<ChainEvent> = (0u32..)
            .zip(events)
            .map(|(index, event)| ChainEvent { index, phase: Phase::Extrinsic(1), event })
            .collect();
        let orders =
            |netuid| of_events(netuid, &events).orders.iter().map(|order| order.alpha.0).collect::<Vec<_>>();
        assert_eq!((orders(HERE), orders(THERE)), (vec![-5, 6], vec![-7]));
        assert_eq!(of_events(HERE, &events).legs.len(), 1);
    }
}
