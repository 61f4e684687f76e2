//! What a block becomes in a ledger.

use super::chain::{History, MINER, NETUID, NOMINATOR, block_ref, now, position};
use crate::block::{BlockFacts, StakeEvent};
use crate::flow::classify::classify;
use crate::ledger::{Entry, Kind, Succession};
use crate::ports::{Ask, Commit, Holder, MockChainPort};
use crate::record::doubt::{Doubts, Misfit};
use crate::record::error::MonitorError;
use crate::record::plan::BlockPlan;
use crate::record::recorder::Recorder;
use crate::record::states_around::StatesAround;
use crate::record::subnet_ledger::SubnetLedger;
use crate::store::MemoryStore;
use crate::units::{BlockNumber, Millis, PositionKey, Rao};

/// Takes one block of a history into a ledger, which may ask the chain besides.
fn take_asking(
    chain: &MockChainPort,
    history: &History,
    facts: &BlockFacts,
    ledger: &mut SubnetLedger,
    doubts: &mut Doubts,
) -> Result<(), MonitorError> {
    let flows = classify(NETUID, facts);
    let plan = BlockPlan::new(ledger, facts, &flows);
    let mut around = StatesAround::default();
    if let Some(ask) = plan.ask(ledger) {
        let read = |number, ask: &Ask| history.answer(number, ask).unwrap();
        let (number, ask) = (facts.block.number, Ask::of(NETUID, ask));
        let mut before = read(number.parent(), &ask);
        around.before = before.take(NETUID);
        around.after = read(number, &ask.after()).take(NETUID);
        around.parent = Some((before.facts.block, before.facts.time));
    }
    let store = MemoryStore::new();
    now(Recorder::of_every_block(chain, &store, ledger, doubts).record(&plan, around)).map(|_| ())
}

/// Takes one block of a history into a ledger.
fn take(
    history: &History,
    facts: &BlockFacts,
    ledger: &mut SubnetLedger,
    doubts: &mut Doubts,
) -> Result<(), MonitorError> {
    take_asking(&history.chain(), history, facts, ledger, doubts)
}

/// Takes all blocks of a history into an empty ledger.
fn take_all(history: &History, doubts: &mut Doubts) -> Result<SubnetLedger, MonitorError> {
    let mut ledger = SubnetLedger::new(NETUID);
    for block in history.blocks() {
        take(history, &history.facts(block), &mut ledger, doubts)?;
    }
    Ok(ledger)
}

/// What is written of a history that leaves no doubt.
fn written(history: &History) -> Commit {
    take_all(history, &mut Doubts::default()).unwrap().take_commit().unwrap()
}

/// Entries in short: block, kind, position, change.
fn in_short(entries: &[Entry]) -> Vec<(u64, Kind, PositionKey, i128)> {
    entries.iter().map(|entry| (entry.block.0, entry.kind, entry.key, entry.alpha.0)).collect()
}

fn incentive(alpha: u64) -> StakeEvent {
    StakeEvent::IncentiveEmitted { netuid: NETUID, mechanism: 0, emissions: vec![Rao(alpha)] }
}

/// A purchase by somebody who is no holder, on the miner's hotkey.
fn bought() -> StakeEvent {
    let PositionKey { hotkey, coldkey } = NOMINATOR;
    StakeEvent::StakeAdded { coldkey, hotkey, netuid: NETUID, alpha: Some(Rao(40)) }
}

#[test]
fn a_neurons_owner_is_a_holder_from_the_parent_of_its_first_epoch_on() {
    let commit = written(&History::up_to(4).change(2, MINER, 50).epoch(4, 0));
    assert_eq!(commit.holders, [Holder { coldkey: MINER.coldkey, since: BlockNumber(3) }]);
    assert_eq!(in_short(&commit.entries), [(3, Kind::Opening, MINER, 50)]);
}

#[test]
fn what_an_epoch_gives_beyond_the_announced_incentive_is_a_dividend() {
    let commit = written(&History::up_to(4).epoch(4, 100).event(4, incentive(60)));
    let expected = [(4, Kind::Incentive, MINER, 60), (4, Kind::DividendOrOther, MINER, 40)];
    assert_eq!(in_short(&commit.entries), expected);
    assert_eq!(commit.epochs.len(), 1);
}

#[test]
fn a_holders_sale_between_epochs_is_an_entry_of_its_event() {
    let history = History::up_to(6).epoch(4, 100).event(6, bought()).sale(6, MINER, 30);
    let commit = written(&history);
    let sale = commit.entries.last().unwrap();
    assert_eq!(in_short(&[*sale]), [(6, Kind::StakeRemoved, MINER, -30)]);
    // The event before it is somebody else's and leaves no entry, but it counts as an operation.
    assert_eq!(sale.source.map(|source| source.event_index), Some(1));
    assert_eq!(commit.interval.bound(&MINER.hotkey), 2);
}

#[test]
fn a_block_whose_events_say_all_needs_no_state() {
    let history = History::up_to(6).epoch(4, 100).sale(6, MINER, 30);
    let ledger = take_all(&History::up_to(5).epoch(4, 100), &mut Doubts::default()).unwrap();
    let facts = history.facts(6);
    let flows = classify(NETUID, &facts);
    assert_eq!(BlockPlan::new(&ledger, &facts, &flows).ask(&ledger), None);
}

#[test]
fn a_coldkey_swap_makes_the_new_coldkey_the_holder() {
    let new = position(1, 5);
    let history = History::up_to(9).epoch(4, 100).coldkey_swap(6, new).epoch(9, 0);
    let mut ledger = take_all(&history, &mut Doubts::default()).unwrap();
    assert!(ledger.is_holder(&new.coldkey));
    let commit = ledger.take_commit().unwrap();
    let swap = [(6, Kind::KeySwap, MINER, -100), (6, Kind::KeySwap, new, 100)];
    let found = in_short(&commit.entries);
    assert_eq!(found.len(), 3, "the dividend at the epoch before, and the swap: {found:?}");
    assert!(swap.iter().all(|entry| found.contains(entry)), "{found:?}");
    let (old, new) = (MINER.coldkey, new.coldkey);
    assert_eq!(commit.successions, [Succession { block: BlockNumber(6), event_index: 0, old, new }]);
}

#[test]
fn a_residue_of_one_rao_for_each_operation_on_the_hotkey_is_rounding() {
    let rounded = History::up_to(9).epoch(4, 100).event(6, bought()).change(6, MINER, -1).epoch(9, 0);
    // A chain that answers nothing: rounding is not searched for.
    let (chain, mut ledger) = (MockChainPort::new(), SubnetLedger::new(NETUID));
    for block in rounded.blocks() {
        let facts = rounded.facts(block);
        take_asking(&chain, &rounded, &facts, &mut ledger, &mut Doubts::default()).unwrap();
    }
    let expected = [(4, Kind::DividendOrOther, MINER, 100), (8, Kind::Rounding, MINER, -1)];
    let entries = ledger.take_commit().unwrap().entries;
    assert_eq!(in_short(&entries), expected, "measured at the end of the interval");
}

#[test]
fn a_residue_beyond_the_bound_is_unattributed_in_its_block_once_it_was_read_twice() {
    let history = History::up_to(9).epoch(4, 100).event(6, bought()).change(6, MINER, -2).epoch(9, 0);
    let mut doubts = Doubts::default();
    match take_all(&history, &mut doubts) {
        Err(MonitorError::Doubtful(doubt)) => {
            assert_eq!(doubt.from, BlockNumber(4), "the last epoch");
            assert!(matches!(doubt.misfit, Misfit::Unexplained(_)), "{doubt:?}");
        }
        other => panic!("{other:?}"),
    }
    let commit = take_all(&history, &mut doubts).unwrap().take_commit().unwrap();
    let expected = [(4, Kind::DividendOrOther, MINER, 100), (6, Kind::Unattributed, MINER, -2)];
    assert_eq!(in_short(&commit.entries), expected);
}

#[test]
fn an_epoch_that_a_later_block_names_and_that_was_not_seen_is_doubted() {
    let history = History::up_to(7).epoch(4, 100);
    let mut ledger = take_all(&history, &mut Doubts::default()).unwrap();
    let later = History::up_to(8).epoch(4, 100).epoch(6, 100);
    match take(&later, &later.facts(8), &mut ledger, &mut Doubts::default()) {
        Err(MonitorError::Doubtful(doubt)) => {
            let (block, named) = (BlockNumber(8), BlockNumber(6));
            assert_eq!(doubt.misfit, Misfit::Epoch { block, named });
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_parent_that_says_another_time_than_was_recorded_is_doubted() {
    let history = History::up_to(9).epoch(4, 100).epoch(9, 0);
    let mut ledger = take_all(&History::up_to(7).epoch(4, 100), &mut Doubts::default()).unwrap();
    let mut late = history.facts(8);
    late.time = Millis(97_000);
    take(&history, &late, &mut ledger, &mut Doubts::default()).unwrap();
    match take(&history, &history.facts(9), &mut ledger, &mut Doubts::default()) {
        Err(MonitorError::Doubtful(doubt)) => {
            let (block, recorded, said) = (BlockNumber(8), Millis(97_000), Millis(96_000));
            assert_eq!(doubt.misfit, Misfit::Time { block, recorded, said });
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_block_that_is_not_the_next_is_refused() {
    let history = History::up_to(9).epoch(4, 100);
    let mut ledger = take_all(&History::up_to(5).epoch(4, 100), &mut Doubts::default()).unwrap();
    let refused = take(&history, &history.facts(7), &mut ledger, &mut Doubts::default());
    let (block, stands_at) = (BlockNumber(7), BlockNumber(5));
    assert_eq!(refused, Err(MonitorError::OutOfOrder { netuid: NETUID, block, stands_at }));
    assert_eq!(ledger.watermark().map(|watermark| watermark.block), Some(block_ref(5)));
}
