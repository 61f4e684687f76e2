//! Stake events of a block as flows of the holders on one subnet.
//!
//! Moves, transfers and swaps announce themselves *after* the removal and the addition they are made
//! of (FACTS 3); the announcement gives those two their kind and is no flow of its own.

use std::collections::BTreeMap;

use crate::{BlockNumber, ChainEvent, Coldkey, Entry, Hotkey, Kind, NetUid, Phase, PositionKey, RaoDelta, Source, StakeEvent};

/// What the events of a block say about one subnet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flows {
    /// A change of a position for each stake event, by index, of anyone.
    pub entries: Vec<Entry>,
    /// Stake operations by anyone on each hotkey: each may round by one rao for everybody there.
    pub operations: BTreeMap<Hotkey, u64>,
}

/// One leg: a removal from or an addition to one position.
struct Leg {
    source: Source,
    netuid: NetUid,
    key: PositionKey,
    kind: Kind,
    alpha: RaoDelta,
    /// Whether an announcement gave it its kind already.
    claimed: bool,
}

/// Classifies the events of a block for subnet `netuid`.
#[must_use]
pub fn classify(netuid: NetUid, block: BlockNumber, events: &[ChainEvent]) -> Flows {
    let mut legs: Vec<Leg> = Vec::new();
    for ChainEvent { index, phase, event } in events {
        let source = Source { event_index: *index, phase: *phase };
        match event {
            StakeEvent::StakeAdded { coldkey, hotkey, netuid, alpha: Some(alpha) } => {
                legs.push(Leg::new(source, *netuid, *hotkey, *coldkey, Kind::StakeAdded, alpha.delta()));
            }
            StakeEvent::StakeRemoved { coldkey, hotkey, netuid, alpha: Some(alpha) } => {
                legs.push(Leg::new(source, *netuid, *hotkey, *coldkey, Kind::StakeRemoved, -alpha.delta()));
            }
            StakeEvent::AlphaRecycled { coldkey, hotkey, netuid, alpha } => {
                legs.push(Leg::new(source, *netuid, *hotkey, *coldkey, Kind::Recycled, -alpha.delta()));
            }
            StakeEvent::AlphaBurned { coldkey, hotkey, netuid, alpha } => {
                legs.push(Leg::new(source, *netuid, *hotkey, *coldkey, Kind::Burned, -alpha.delta()));
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
            StakeEvent::StakeSwapped { coldkey, hotkey, from_netuid, to_netuid } => {
                let key = PositionKey { hotkey: *hotkey, coldkey: *coldkey };
                claim(&mut legs, *phase, (*from_netuid, key), (*to_netuid, key));
            }
            StakeEvent::FeePaidWithAlpha { who, alpha } => {
                // The fee was taken first in its extrinsic, by a removal without a fee of its own.
                let taken = -alpha.delta();
                let fee =
                    legs.iter_mut().find(|leg| leg.is_open(Kind::StakeRemoved, *phase) && leg.key.coldkey == *who && leg.alpha == taken);
                if let Some(leg) = fee {
                    leg.kind = Kind::Fee;
                    leg.claimed = true;
                }
            }
            _ => {}
        }
    }
    let mut flows = Flows::default();
    for leg in legs.into_iter().filter(|leg| leg.netuid == netuid) {
        *flows.operations.entry(leg.key.hotkey).or_default() += 1;
        if !leg.alpha.is_zero() {
            flows.entries.push(Entry { netuid, block, source: Some(leg.source), key: leg.key, kind: leg.kind, alpha: leg.alpha });
        }
    }
    flows
}

impl Leg {
    fn new(source: Source, netuid: NetUid, hotkey: Hotkey, coldkey: Coldkey, kind: Kind, alpha: RaoDelta) -> Self {
        Self { source, netuid, key: PositionKey { hotkey, coldkey }, kind, alpha, claimed: false }
    }

    fn is_open(&self, kind: Kind, phase: Phase) -> bool {
        !self.claimed && self.kind == kind && self.source.phase == phase
    }
}

/// Gives the last open removal at `from` and the last open addition at `to` of the same phase the
/// kind that the announcement means.
fn claim(legs: &mut [Leg], phase: Phase, from: (NetUid, PositionKey), to: (NetUid, PositionKey)) {
    let (out, into) = if from.1.coldkey != to.1.coldkey {
        (Kind::TransferredOut, Kind::TransferredIn)
    } else if from.0 != to.0 {
        (Kind::SwappedOut, Kind::SwappedIn)
    } else {
        (Kind::Moved, Kind::Moved)
    };
    for ((netuid, key), was, becomes) in [(from, Kind::StakeRemoved, out), (to, Kind::StakeAdded, into)] {
        let leg = legs.iter_mut().rev().find(|leg| leg.is_open(was, phase) && leg.netuid == netuid && leg.key == key);
        if let Some(leg) = leg {
            leg.kind = becomes;
            leg.claimed = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rao;

    const HOLDER: Coldkey = Coldkey([1; 32]);
    const OTHER: Coldkey = Coldkey([2; 32]);
    const A: Hotkey = Hotkey([10; 32]);
    const B: Hotkey = Hotkey([11; 32]);
    const HERE: NetUid = NetUid(2);
    const THERE: NetUid = NetUid(3);

    fn removed(coldkey: Coldkey, hotkey: Hotkey, netuid: NetUid, alpha: u64) -> StakeEvent {
        StakeEvent::StakeRemoved { coldkey, hotkey, netuid, alpha: Some(Rao(alpha)) }
    }

    fn added(coldkey: Coldkey, hotkey: Hotkey, netuid: NetUid, alpha: u64) -> StakeEvent {
        StakeEvent::StakeAdded { coldkey, hotkey, netuid, alpha: Some(Rao(alpha)) }
    }

    fn check(events: &[(u32, StakeEvent)], expected: &[(Kind, Coldkey, i128)]) {
        let events: Vec<ChainEvent> = (0u32..)
            .zip(events)
            .map(|(index, (extrinsic, event))| ChainEvent { index, phase: Phase::Extrinsic(*extrinsic), event: event.clone() })
            .collect();
        let found: Vec<_> = classify(HERE, BlockNumber(9), &events).entries.iter().map(|e| (e.kind, e.key.coldkey, e.alpha.0)).collect();
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
        let moved = |to_netuid| StakeEvent::StakeMoved { coldkey: HOLDER, from_hotkey: A, from_netuid: HERE, to_hotkey: B, to_netuid };
        check(
            &[(1, removed(HOLDER, A, HERE, 5)), (1, added(HOLDER, B, HERE, 5)), (1, moved(HERE))],
            &[(Kind::Moved, HOLDER, -5), (Kind::Moved, HOLDER, 5)],
        );
        check(&[(1, removed(HOLDER, A, HERE, 5)), (1, added(HOLDER, B, THERE, 4)), (1, moved(THERE))], &[(Kind::SwappedOut, HOLDER, -5)]);
    }

    #[test]
    fn a_transfer_leaves_one_holder_and_enters_another() {
        let transfer =
            StakeEvent::StakeTransferred { from_coldkey: HOLDER, to_coldkey: OTHER, hotkey: A, from_netuid: HERE, to_netuid: HERE };
        check(
            &[(1, removed(HOLDER, A, HERE, 5)), (1, added(OTHER, A, HERE, 5)), (1, transfer)],
            &[(Kind::TransferredOut, HOLDER, -5), (Kind::TransferredIn, OTHER, 5)],
        );
    }

    #[test]
    fn in_a_batch_each_announcement_takes_its_own_legs() {
        let swap = StakeEvent::StakeSwapped { coldkey: HOLDER, hotkey: A, from_netuid: THERE, to_netuid: HERE };
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
            &[(1, removed(HOLDER, A, HERE, 2)), (2, removed(HOLDER, A, HERE, 2)), (2, removed(HOLDER, A, HERE, 40)), (2, fee)],
            &[(Kind::StakeRemoved, HOLDER, -2), (Kind::Fee, HOLDER, -2), (Kind::StakeRemoved, HOLDER, -40)],
        );
    }
}
