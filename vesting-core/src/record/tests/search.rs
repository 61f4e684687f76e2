//! The search of an interval: which blocks it finds, and how few it reads.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::chain::{History, MINER, NETUID, now, position};
use crate::ports::{Ask, MockChainPort, Roster, SubnetAsk};
use crate::record::catch_up::search::Search;
use crate::units::BlockNumber;

/// The blocks of (1, 17] in which something happened to the miner, and those that were read to find them.
fn found(history: &History) -> (Vec<u64>, Vec<u64>) {
    let mut chain = MockChainPort::new();
    let asked = history.tell(&mut chain);
    let search = Search { chain: &chain, netuid: NETUID };
    let miner = SubnetAsk::positions(BTreeSet::from([MINER.coldkey]), Roster::default());
    let ask = Ask::of(NETUID, miner);
    let end = |number| Arc::new(now(search.view(BlockNumber(number), &ask)).unwrap());
    let (low, high) = (end(1), end(17));
    asked.forget();
    let found = now(search.between(&low, &high)).unwrap();
    (found.iter().map(|found| found.facts.block.number.0).collect(), asked.read())
}

/// Seventeen blocks; the miner holds something from the first on.
fn history() -> History {
    History::up_to(17).change(1, MINER, 100)
}

#[test]
fn an_interval_in_which_nothing_changed_costs_no_read() {
    assert_eq!(found(&history()), (vec![], vec![]));
}

#[test]
fn halving_finds_the_one_block_in_which_shares_changed() {
    let (found, read) = found(&history().change(7, MINER, 1));
    assert_eq!(found, [7]);
    assert_eq!(read, [5, 6, 7, 9], "the middle of (1, 17], of (1, 9], of (5, 9], of (5, 7]");
}

#[test]
fn a_pointer_saves_the_halving() {
    let (found, read) = found(&history().change(7, MINER, 1).touched(7, MINER));
    assert_eq!(found, [7]);
    assert_eq!(read, [6, 7], "the block that the pointer names, and its parent");
}

#[test]
fn a_pointer_names_the_last_block_only_and_halving_finds_those_before() {
    let twice = history().change(4, MINER, 1).change(7, MINER, 1).touched(4, MINER).touched(7, MINER);
    let (found, read) = found(&twice);
    assert_eq!(found, [4, 7]);
    assert_eq!(read, [3, 4, 6, 7], "the state of block 6 points to block 4");
}

#[test]
fn a_deed_that_leaves_shares_as_they_were_is_found_by_its_signers_account() {
    assert_eq!(found(&history().signed(7, MINER.coldkey)).0, [7]);
    assert_eq!(found(&history().signed(7, position(1, 9).coldkey)).0, [], "somebody else's account");
}

#[test]
fn a_coldkey_is_followed_from_the_block_in_which_it_takes_over() {
    let new = position(1, 5);
    let swapped = history().coldkey_swap(7, new).sale(12, new, 30);
    assert_eq!(found(&swapped).0, [7, 12]);
}
