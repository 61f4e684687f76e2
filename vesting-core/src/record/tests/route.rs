//! The way through history: which blocks are stops, and how few are read to find them.

use super::chain::{History, NETUID, now};
use crate::ports::{ChainError, MockChainPort};
use crate::record::catch_up::route::{Route, StopReason};
use crate::units::BlockNumber;

/// The stops after `from` up to `to`, and the blocks that were read to find them.
fn stops(history: &History, from: u64, to: u64) -> (Vec<(u64, &'static str)>, Vec<u64>) {
    let mut chain = MockChainPort::new();
    let asked = history.tell(&mut chain);
    let route = Route { chain: &chain, netuid: NETUID, in_flight: 1 };
    let stops = now(route.stops(BlockNumber(from), BlockNumber(to))).unwrap();
    let named = stops.iter().map(|stop| {
        let reason = match stop.reason {
            StopReason::Epoch { .. } => "epoch",
            StopReason::End => "end",
            StopReason::Absent => "absent",
            StopReason::Last => "last",
        };
        (stop.number.0, reason)
    });
    (named.collect(), asked.read())
}

#[test]
fn epochs_are_found_by_walking_back_from_one_to_the_one_before() {
    let history = History::up_to(17).epoch(4, 10).epoch(9, 10).epoch(14, 10);
    let (stops, read) = stops(&history, 1, 17);
    assert_eq!(stops, [(4, "epoch"), (9, "epoch"), (14, "epoch"), (17, "last")]);
    // Both ends, and the parent of each epoch: its state names the epoch before.
    assert_eq!(read, [1, 3, 8, 13, 17]);
}

#[test]
fn a_way_that_ends_with_an_epoch_has_it_as_its_last_stop() {
    let history = History::up_to(9).epoch(4, 10).epoch(9, 10);
    assert_eq!(stops(&history, 1, 9).0, [(4, "epoch"), (9, "epoch")]);
}

#[test]
fn epochs_up_to_where_the_record_stands_are_no_stops() {
    let history = History::up_to(12).epoch(4, 10).epoch(9, 10);
    assert_eq!(stops(&history, 4, 12).0, [(9, "epoch"), (12, "last")]);
}

#[test]
fn an_end_and_a_new_registration_part_two_lives() {
    let history = History::up_to(18).epoch(4, 10).epoch(8, 10).epoch(16, 10);
    let history = history.lives(&[0..10, 13..19]).counting_registrations();
    let (stops, _) = stops(&history, 1, 18);
    let (first, second) = ([(4, "epoch"), (8, "epoch"), (10, "end")], [(13, "absent"), (16, "epoch")]);
    assert_eq!(stops, [first.as_slice(), &second, &[(18, "last")]].concat());
}

#[test]
fn a_subnet_that_was_not_there_is_asked_for_nothing() {
    let history = History::up_to(20).lives(&[15..21]).counting_registrations();
    let (stops, read) = stops(&history, 1, 10);
    assert_eq!(stops, [(10, "last")]);
    assert_eq!(read, [1, 10], "the count of registrations is the same at both ends");
}

#[test]
fn a_short_life_is_found_by_the_count_of_registrations() {
    let history = History::up_to(20).lives(&[6..9]).counting_registrations();
    let (stops, _) = stops(&history, 1, 20);
    assert_eq!(stops, [(6, "absent"), (9, "end"), (20, "last")]);
}

#[test]
fn every_block_without_the_subnet_is_a_stop_where_registrations_are_not_counted() {
    let history = History::up_to(20).lives(&[15..21]);
    let absent: Vec<_> = (2..=10).map(|block| (block, "absent")).collect();
    assert_eq!(stops(&history, 1, 10).0, absent);
}

#[test]
fn a_state_that_names_an_epoch_still_to_come_is_malformed() {
    let history = History::up_to(12).epoch(4, 10).epoch(9, 10);
    let mut chain = MockChainPort::new();
    let lying = history.clone();
    chain.expect_read().withf(|number, _| number.0 == 8).returning(move |number, ask| {
        let mut answer = lying.answer(number, ask)?;
        answer.facts.subnets.values_mut().for_each(|counters| counters.last_step_block = BlockNumber(9));
        Ok(answer)
    });
    history.tell(&mut chain);
    let route = Route { chain: &chain, netuid: NETUID, in_flight: 1 };
    let found = now(route.stops(BlockNumber(1), BlockNumber(12)));
    assert!(matches!(found, Err(ChainError::Malformed(_))), "{found:?}");
}
