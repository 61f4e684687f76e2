use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::block::{BlockFacts, ChainEvent, Phase, StakeChange, StakeEvent};
use crate::flow::classify::classify;
use crate::flow::emission::EpochSetting;
use crate::ledger::{Kind, Succession};
use crate::units::{
    BlockHash, BlockNumber, BlockRef, Coldkey, Hotkey, Millis, NetUid, Neuron, PositionKey, Rao, RaoDelta,
    SubnetOwner, Uid,
};

const NETUID: NetUid = NetUid(2);
const OWNER: Coldkey = Coldkey([9; 32]);
const MINER: PositionKey = at(1, 2);

const fn at(hotkey: u8, coldkey: u8) -> PositionKey {
    PositionKey { hotkey: Hotkey([hotkey; 32]), coldkey: Coldkey([coldkey; 32]) }
}

/// A block of which everything but the outcome is given.
struct Case<'a> {
    events: &'a [StakeEvent],
    before: &'a [(PositionKey, u64)],
    after: &'a [(PositionKey, u64)],
    holders: &'a [u8],
    epoch: bool,
    announces: bool,
    measured: bool,
}

const CASE: Case<'static> = Case {
    events: &[],
    before: &[],
    after: &[],
    holders: &[2],
    epoch: false,
    announces: true,
    measured: true,
};

fn run(case: &Case<'_>) -> Settled {
    let neurons = [
        Neuron { uid: Uid(0), hotkey: Hotkey([8; 32]), coldkey: OWNER },
        Neuron { uid: Uid(1), hotkey: MINER.hotkey, coldkey: MINER.coldkey },
    ];
    let phase = |event: &StakeEvent| match event {
        StakeEvent::IncentiveEmitted { .. } | StakeEvent::RootClaimed { .. } => Phase::Initialization,
        _ => Phase::Extrinsic(1),
    };
    let events: Vec<ChainEvent> = (0u32..)
        .zip(case.events)
        .map(|(index, event)| ChainEvent { index, phase: phase(event), event: event.clone() })
        .collect();
    let facts = BlockFacts {
        block: BlockRef { number: BlockNumber(20), hash: BlockHash::default() },
        parent_hash: BlockHash::default(),
        time: Millis(0),
        spec_version: 425,
        measured: case.measured,
        announces_incentive: case.announces,
        counters_asked: false,
        subnets: BTreeMap::new(),
        registrations: BTreeMap::new(),
        events,
    };
    let positions = |list: &[(PositionKey, u64)]| {
        list.iter().map(|(key, alpha)| (*key, Rao(*alpha))).collect::<BTreeMap<_, _>>()
    };
    let (before, after) = (positions(case.before), positions(case.after));
    let holders: BTreeSet<Coldkey> = case.holders.iter().map(|n| Coldkey([*n; 32])).collect();
    let balances: BTreeMap<PositionKey, RaoDelta> = before
        .iter()
        .filter(|(key, _)| holders.contains(&key.coldkey))
        .map(|(key, alpha)| (*key, alpha.delta()))
        .collect();
    let flows = classify(NETUID, &facts);
    let mut coldkeys = affected(&flows, &holders, &balances);
    if case.epoch {
        coldkeys.extend(&holders);
    }
    let owner = Some(SubnetOwner { coldkey: OWNER, hotkey: None });
    let setting = EpochSetting::new((&neurons, owner), (&neurons, owner), flows.new_owner);
    let settled = settle(&BlockStates {
        netuid: NETUID,
        facts: &facts,
        flows: &flows,
        holders: &holders,
        coldkeys: &coldkeys,
        before: &before,
        after: &after,
        balances: &balances,
        epoch: case.epoch.then_some(&setting),
        runtime_changed: false,
    });
    assert!(settled.rows.iter().all(StakeChange::adds_up), "{:?}", settled.rows);
    settled
}

fn check(case: &Case<'_>, expected: &[(Kind, PositionKey, i128)]) {
    let found: Vec<_> = run(case).entries.iter().map(|e| (e.kind, e.key, e.alpha.0)).collect();
    assert_eq!(found, expected);
}

fn incentive(emissions: [u64; 2]) -> StakeEvent {
    StakeEvent::IncentiveEmitted { netuid: NETUID, mechanism: 0, emissions: emissions.map(Rao).to_vec() }
}

fn removed(key: PositionKey, alpha: Option<u64>) -> StakeEvent {
    StakeEvent::StakeRemoved {
        coldkey: key.coldkey,
        hotkey: key.hotkey,
        netuid: NETUID,
        alpha: alpha.map(Rao),
        fee: Rao::ZERO,
    }
}

fn hotkey_swapped(old: u8, new: u8) -> StakeEvent {
    StakeEvent::HotkeySwapped {
        coldkey: MINER.coldkey,
        old: Hotkey([old; 32]),
        new: Hotkey([new; 32]),
        netuid: None,
    }
}

fn coldkey_swapped(old: u8, new: u8) -> StakeEvent {
    StakeEvent::ColdkeySwapped { old: Coldkey([old; 32]), new: Coldkey([new; 32]) }
}

#[test]
fn an_order_is_found_where_its_trader_takes_another_name_in_the_block() {
    let sold = |trader: u8, alpha| StakeEvent::OrderExecuted {
        trader: Coldkey([trader; 32]),
        netuid: NETUID,
        sells: true,
        alpha: Rao(alpha),
    };
    let grouped = StakeEvent::OrdersGrouped { netuid: NETUID, orders: 1 };
    let before = [(at(1, 2), 500), (at(3, 2), 900)];
    // Before the swap.
    let case = Case { before: &before, after: &[(at(1, 5), 500), (at(3, 5), 200)], ..CASE };
    check(
        &Case { events: &[sold(2, 700), grouped.clone(), coldkey_swapped(2, 5)], ..case },
        &[
            (Kind::StakeRemoved, at(3, 2), -700),
            (Kind::KeySwap, at(1, 2), -500),
            (Kind::KeySwap, at(1, 5), 500),
            (Kind::KeySwap, at(3, 2), -200),
            (Kind::KeySwap, at(3, 5), 200),
        ],
    );
    // After it.
    check(
        &Case { events: &[coldkey_swapped(2, 5), sold(5, 700), grouped.clone()], ..case },
        &[
            (Kind::KeySwap, at(1, 2), -500),
            (Kind::KeySwap, at(1, 5), 500),
            (Kind::KeySwap, at(3, 2), -900),
            (Kind::KeySwap, at(3, 5), 900),
            (Kind::StakeRemoved, at(3, 5), -700),
        ],
    );
    // Of a hotkey that takes another name and leaves the stake behind.
    check(
        &Case {
            events: &[sold(2, 700), grouped.clone(), hotkey_swapped(3, 1)],
            before: &before,
            after: &[(at(1, 2), 500), (at(3, 2), 200)],
            ..CASE
        },
        &[(Kind::StakeRemoved, at(3, 2), -700)],
    );
    check(
        &Case {
            events: &[hotkey_swapped(3, 1), sold(2, 700), grouped],
            before: &before,
            after: &[(at(1, 2), 500), (at(3, 2), 200)],
            ..CASE
        },
        &[(Kind::StakeRemoved, at(3, 2), -700)],
    );
}

#[test]
fn incentive_and_dividends_are_told_apart_and_the_owner_gets_none() {
    let case = Case {
        events: &[incentive([500, 70])],
        before: &[(MINER, 100)],
        after: &[(MINER, 200)],
        epoch: true,
        ..CASE
    };
    check(&case, &[(Kind::Incentive, MINER, 70), (Kind::DividendOrOther, MINER, 30)]);
}

#[test]
fn what_is_earned_and_sold_in_one_block_is_seen() {
    let case = Case { events: &[incentive([0, 70]), removed(MINER, Some(70))], epoch: true, ..CASE };
    check(&case, &[(Kind::Incentive, MINER, 70), (Kind::StakeRemoved, MINER, -70)]);
    assert_eq!(run(&case).rows.len(), 1, "a position that reads 0 before and after");
}

#[test]
fn a_rao_too_little_is_rounding_and_more_is_not_hidden() {
    let case = Case {
        events: &[incentive([0, 70])],
        before: &[(MINER, 100)],
        after: &[(MINER, 169)],
        epoch: true,
        ..CASE
    };
    check(&case, &[(Kind::Incentive, MINER, 70), (Kind::Rounding, MINER, -1)]);
    let case = Case { after: &[(MINER, 100)], ..case };
    check(&case, &[(Kind::Incentive, MINER, 70), (Kind::Unattributed, MINER, -70)]);
}

#[test]
fn without_announcements_all_emission_is_reward() {
    let case =
        Case { before: &[(MINER, 100)], after: &[(MINER, 150)], epoch: true, announces: false, ..CASE };
    check(&case, &[(Kind::Incentive, MINER, 50)]);
}

#[test]
fn a_hotkey_swap_carries_what_it_finds_at_its_index() {
    let case = Case {
        events: &[
            incentive([0, 70]),
            removed(MINER, Some(20)),
            hotkey_swapped(1, 5),
            removed(at(5, 2), Some(50)),
        ],
        before: &[(MINER, 100)],
        after: &[(at(5, 2), 107)],
        epoch: true,
        ..CASE
    };
    let expected = [
        (Kind::Incentive, MINER, 70),
        (Kind::DividendOrOther, MINER, 7),
        (Kind::StakeRemoved, MINER, -20),
        (Kind::KeySwap, MINER, -157),
        (Kind::KeySwap, at(5, 2), 157),
        (Kind::StakeRemoved, at(5, 2), -50),
    ];
    check(&case, &expected);
}

#[test]
fn a_hotkey_swap_may_leave_the_stake_behind() {
    let case =
        Case { events: &[hotkey_swapped(1, 5)], before: &[(MINER, 100)], after: &[(MINER, 100)], ..CASE };
    check(&case, &[]);
    let case = Case { after: &[(at(5, 2), 100)], ..case };
    check(&case, &[(Kind::KeySwap, MINER, -100), (Kind::KeySwap, at(5, 2), 100)]);
    assert_eq!(run(&case).renamed, [(Hotkey([1; 32]), Hotkey([5; 32]))]);
    // What was earned in the block itself shows which it was.
    let events = [incentive([0, 0]), hotkey_swapped(1, 5)];
    let case = Case { events: &events, before: &[], after: &[(MINER, 30)], epoch: true, ..CASE };
    check(&case, &[(Kind::DividendOrOther, MINER, 30)]);
    let case = Case { after: &[(at(5, 2), 30)], ..case };
    check(
        &case,
        &[(Kind::DividendOrOther, MINER, 30), (Kind::KeySwap, MINER, -30), (Kind::KeySwap, at(5, 2), 30)],
    );
}

#[test]
fn a_holder_goes_on_under_its_new_coldkey() {
    let case = Case {
        events: &[coldkey_swapped(2, 4), removed(at(1, 4), Some(30))],
        before: &[(MINER, 100), (at(7, 4), 11)],
        after: &[(at(1, 4), 70), (at(7, 4), 11)],
        ..CASE
    };
    check(
        &case,
        &[(Kind::KeySwap, MINER, -100), (Kind::KeySwap, at(1, 4), 100), (Kind::StakeRemoved, at(1, 4), -30)],
    );
    let settled = run(&case);
    let expected =
        Succession { block: BlockNumber(20), event_index: 0, old: MINER.coldkey, new: Coldkey([4; 32]) };
    assert_eq!((settled.successions, settled.received), (vec![expected], BTreeSet::new()));
}

#[test]
fn what_a_holder_receives_from_a_stranger_by_swap_is_not_its_own_history() {
    let case = Case {
        events: &[coldkey_swapped(4, 2)],
        before: &[(at(1, 4), 10), (MINER, 5)],
        after: &[(MINER, 15)],
        ..CASE
    };
    check(&case, &[(Kind::KeySwap, MINER, 10)]);
    let settled = run(&case);
    assert_eq!((settled.successions, settled.received), (vec![], BTreeSet::from([0])));
}

#[test]
fn what_is_claimed_and_renamed_in_one_block_is_found_though_no_state_shows_it() {
    let claimed = StakeEvent::RootClaimed { coldkey: Coldkey([4; 32]) };
    let case = Case { events: &[claimed.clone(), coldkey_swapped(4, 2)], after: &[(MINER, 15)], ..CASE };
    check(&case, &[(Kind::KeySwap, MINER, 15)]);
    // The same of the holder itself.
    let case = Case { holders: &[4], ..case };
    check(
        &case,
        &[(Kind::RootClaim, at(1, 4), 15), (Kind::KeySwap, MINER, 15), (Kind::KeySwap, at(1, 4), -15)],
    );
}

#[test]
fn a_rise_that_only_a_root_claim_explains_is_one() {
    let claimed = |n| StakeEvent::RootClaimed { coldkey: Coldkey([n; 32]) };
    let case = Case { events: &[claimed(2)], before: &[(MINER, 100)], after: &[(MINER, 101)], ..CASE };
    check(&case, &[(Kind::RootClaim, MINER, 1)]);
    // Another's claim may have rounded by a rao; nobody's claim explains nothing.
    check(&Case { events: &[claimed(2), claimed(3)], ..case }, &[]);
    check(&Case { events: &[claimed(2), coldkey_swapped(5, 6)], ..case }, &[]);
    check(&Case { events: &[claimed(3)], after: &[(MINER, 200)], ..case }, &[]);
}

#[test]
fn amounts_left_out_are_told_by_balances() {
    let case =
        Case { events: &[removed(MINER, None)], before: &[(MINER, 100)], after: &[(MINER, 60)], ..CASE };
    check(&case, &[(Kind::StakeRemoved, MINER, -40)]);
    let case = Case { events: &[incentive([0, 70]), removed(MINER, None)], epoch: true, ..case };
    check(&case, &[(Kind::Incentive, MINER, 70), (Kind::StakeRemoved, MINER, -110)]);
}

#[test]
fn rounding_is_booked_where_it_was_also_among_renamed_positions() {
    let added = StakeEvent::StakeAdded {
        coldkey: MINER.coldkey,
        hotkey: MINER.hotkey,
        netuid: NETUID,
        alpha: Some(Rao(50)),
    };
    let burned = StakeEvent::AlphaBurned {
        coldkey: MINER.coldkey,
        hotkey: MINER.hotkey,
        netuid: NETUID,
        alpha: Rao(49),
    };
    let case = Case { events: &[coldkey_swapped(2, 4), added, burned], epoch: true, ..CASE };
    check(&case, &[(Kind::StakeAdded, MINER, 50), (Kind::Burned, MINER, -49), (Kind::Rounding, MINER, -1)]);
}

#[test]
fn a_move_without_an_amount_takes_as_much_as_it_brings() {
    let moved = StakeEvent::StakeMoved {
        coldkey: MINER.coldkey,
        from_hotkey: MINER.hotkey,
        from_netuid: NETUID,
        to_hotkey: Hotkey([5; 32]),
        to_netuid: NETUID,
    };
    let added = StakeEvent::StakeAdded {
        coldkey: MINER.coldkey,
        hotkey: Hotkey([5; 32]),
        netuid: NETUID,
        alpha: None,
    };
    // A rao was lost on the way: it is left to the interval's rounding.
    let case = Case {
        events: &[removed(MINER, None), added, moved],
        before: &[(MINER, 100)],
        after: &[(MINER, 40), (at(5, 2), 59)],
        ..CASE
    };
    check(&case, &[(Kind::Moved, MINER, -60), (Kind::Moved, at(5, 2), 60)]);
    // Where something was sold besides, the other end tells them apart.
    let sold = [&[removed(MINER, None)], case.events].concat();
    let case = Case { events: &sold, after: &[(MINER, 30), (at(5, 2), 60)], ..case };
    check(&case, &[(Kind::StakeRemoved, MINER, -10), (Kind::Moved, MINER, -60), (Kind::Moved, at(5, 2), 60)]);
}

#[test]
fn a_dissolved_subnet_takes_what_is_left() {
    let case = Case {
        events: &[
            removed(MINER, Some(30)),
            StakeEvent::NetworkRemoved { netuid: NETUID },
            coldkey_swapped(2, 4),
        ],
        before: &[(MINER, 100)],
        ..CASE
    };
    check(&case, &[(Kind::StakeRemoved, MINER, -30), (Kind::Dissolved, MINER, -70)]);
}

fn order(sells: bool, alpha: u64) -> StakeEvent {
    StakeEvent::OrderExecuted { trader: MINER.coldkey, netuid: NETUID, sells, alpha: Rao(alpha) }
}

#[test]
fn orders_of_a_group_fall_where_the_balances_say() {
    let grouped = |orders| StakeEvent::OrdersGrouped { netuid: NETUID, orders };
    let events = [order(true, 40), order(false, 7), grouped(2)];
    let case = Case {
        events: &events,
        before: &[(MINER, 100), (at(5, 2), 50)],
        after: &[(MINER, 107), (at(5, 2), 10)],
        ..CASE
    };
    check(&case, &[(Kind::StakeRemoved, at(5, 2), -40), (Kind::StakeAdded, MINER, 7)]);
    // In an epoch's block dividends are what is left.
    let events = [incentive([0, 70]), order(true, 40), grouped(1)];
    let case = Case { events: &events, after: &[(MINER, 170), (at(5, 2), 13)], epoch: true, ..case };
    check(
        &case,
        &[
            (Kind::Incentive, MINER, 70),
            (Kind::DividendOrOther, at(5, 2), 3),
            (Kind::StakeRemoved, at(5, 2), -40),
        ],
    );
    // A position bought and sold in one block shows in no state.
    let events = [order(false, 7), order(true, 7), grouped(2)];
    let case = Case { events: &events, before: &[], after: &[], epoch: false, ..case };
    check(&case, &[]);
}

#[test]
fn an_order_is_found_beside_a_reconciled_pool() {
    let reconciled = StakeEvent::PoolReconciled { hotkey: MINER.hotkey, netuid: NETUID };
    let events = [reconciled, order(false, 70), StakeEvent::OrdersGrouped { netuid: NETUID, orders: 1 }];
    // Whichever has it, as much is left in all.
    let case = Case {
        events: &events,
        before: &[(MINER, 1_000), (at(5, 2), 50)],
        after: &[(MINER, 1_250), (at(5, 2), 119)],
        ..CASE
    };
    check(&case, &[(Kind::Corrected, MINER, 250), (Kind::StakeAdded, at(5, 2), 70)]);
}

#[test]
fn what_a_reconciled_pool_makes_of_a_position_is_no_sale() {
    let events = [StakeEvent::PoolReconciled { hotkey: MINER.hotkey, netuid: NETUID }];
    let case = Case { events: &events, before: &[(MINER, 100)], after: &[(MINER, 90)], ..CASE };
    check(&case, &[(Kind::Corrected, MINER, -10)]);
    check(&Case { after: &[(MINER, 110)], ..case }, &[(Kind::Corrected, MINER, 10)]);
    let events = [events[0].clone(), incentive([0, 70])];
    let case = Case { events: &events, after: &[(MINER, 160)], epoch: true, ..case };
    check(&case, &[(Kind::Incentive, MINER, 70), (Kind::Corrected, MINER, -10)]);
}

#[test]
fn on_a_runtime_not_measured_balances_bear_amounts_out() {
    let sold = |alpha, fee| StakeEvent::StakeRemoved {
        coldkey: MINER.coldkey,
        hotkey: MINER.hotkey,
        netuid: NETUID,
        alpha: Some(Rao(alpha)),
        fee: Rao(fee),
    };
    let events = [sold(50, 5)];
    let case =
        Case { events: &events, before: &[(MINER, 100)], after: &[(MINER, 50)], measured: false, ..CASE };
    check(&case, &[(Kind::StakeRemoved, MINER, -50)]);
    // The fee is inside; what is told is something else.
    check(&Case { after: &[(MINER, 55)], ..case }, &[(Kind::StakeRemoved, MINER, -45)]);
    check(&Case { after: &[(MINER, 20)], ..case }, &[(Kind::StakeRemoved, MINER, -80)]);
    let events = [sold(50, 5), sold(20, 2)];
    check(
        &Case { events: &events, after: &[(MINER, 32)], ..case },
        &[(Kind::StakeRemoved, MINER, -50), (Kind::StakeRemoved, MINER, -18)],
    );
    // In an epoch's block as well, where nothing else is left.
    let events = [incentive([0, 70]), sold(50, 5)];
    let case = Case { events: &events, epoch: true, ..case };
    check(
        &Case { after: &[(MINER, 125)], ..case },
        &[(Kind::Incentive, MINER, 70), (Kind::StakeRemoved, MINER, -45)],
    );
    check(
        &Case { after: &[(MINER, 120)], ..case },
        &[(Kind::Incentive, MINER, 70), (Kind::StakeRemoved, MINER, -50)],
    );
    // Where it was measured, what the amounts leave is told.
    check(
        &Case { after: &[(MINER, 100)], measured: true, ..case },
        &[(Kind::Incentive, MINER, 70), (Kind::StakeRemoved, MINER, -50), (Kind::Unattributed, MINER, -20)],
    );
}
