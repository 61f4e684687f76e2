use crate::block::{ChainEvent, Phase, StakeEvent};
use crate::flow::classify::events::of_events;
use crate::flow::classify::flows::Flows;
use crate::ledger::Kind;
use crate::units::{BlockNumber, Coldkey, Hotkey, NetUid, Rao};

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
    let order =
        |netuid, sells, alpha| StakeEvent::OrderExecuted { trader: HOLDER, netuid, sells, alpha: Rao(alpha) };
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
