//! Records of random histories are consistent in themselves. Altered records are not.

use std::sync::{Arc, RwLock};

use futures_util::FutureExt;
use vesting_core::check::{CheckError, PartChecker, check, check_beside, check_parts, check_state};
use vesting_core::ports::{Commit, MockReadRecord, ReadRecord, Snapshot, TrancheStand, WholeRecord};
use vesting_core::{
    BlockNumber, BlockchainMonitor, EntryId, Flow, Kind, MemoryStore, Millis, NetUid, Origin, Pace, Parts,
    Rao, RaoDelta,
};
use vesting_testkit::sim::{Call, RandomLife, Rng, SimChain, SimPort};

use crate::{lived, renamed};

async fn recorded(chain: SimChain, pace: Pace) -> Arc<MemoryStore> {
    recorded_from(chain, pace, BlockNumber(1)).await
}

async fn recorded_from(chain: SimChain, pace: Pace, first: BlockNumber) -> Arc<MemoryStore> {
    let last = chain.head();
    let port = Arc::new(SimPort::new(Arc::new(RwLock::new(chain))));
    let store = Arc::new(MemoryStore::new());
    let mut monitor = BlockchainMonitor::open(port, store.clone(), &RandomLife::NETUIDS, 4).await.unwrap();
    monitor.advance(first, last, pace, &mut |_| {}).await.unwrap();
    monitor.observe().await.unwrap();
    store
}

#[tokio::test]
async fn every_record_is_consistent() {
    for seed in 0..24u64 {
        let blocks = 150 + seed * 9;
        let chain = if seed.is_multiple_of(2) { lived(seed, blocks) } else { renamed(seed, blocks) };
        let store =
            recorded(chain, if seed.is_multiple_of(3) { Pace::Following } else { Pace::CatchingUp }).await;
        for netuid in RandomLife::NETUIDS {
            let record = store.record(netuid).await.unwrap().unwrap();
            let checked = check(&record).unwrap_or_else(|wrong| panic!("seed {seed}: {wrong}"));
            check_beside(store.as_ref(), &record, &checked)
                .await
                .unwrap_or_else(|wrong| panic!("seed {seed}: {wrong}"));
            assert!(checked.epochs == 0 || checked.boundaries > checked.epochs, "{checked:?}");
            for epochs in [1, 2, 5] {
                let parts = Parts::of_size(store.as_ref(), netuid, epochs).await.unwrap();
                let in_parts = check_parts(store.as_ref(), parts).await;
                assert_eq!(
                    in_parts,
                    Ok((record.watermark, checked)),
                    "seed {seed}, in parts of {epochs} epochs"
                );
            }
            // So is what a prune up to each of its epochs leaves.
            for base in record
                .epochs
                .iter()
                .map(|epoch| epoch.epoch.block.number)
                .filter(|base| *base < record.watermark.block.number)
            {
                store.prune(netuid, base).await.unwrap();
                let record = store.record(netuid).await.unwrap().unwrap();
                let checked = check(&record)
                    .unwrap_or_else(|wrong| panic!("seed {seed}, pruned up to {base}: {wrong}"));
                check_beside(store.as_ref(), &record, &checked)
                    .await
                    .unwrap_or_else(|wrong| panic!("seed {seed}, pruned up to {base}: {wrong}"));
                let parts = Parts::of_size(store.as_ref(), netuid, 2).await.unwrap();
                check_parts(store.as_ref(), parts)
                    .await
                    .unwrap_or_else(|wrong| panic!("seed {seed}, pruned up to {base}: {wrong}"));
            }
        }
    }
}

#[tokio::test]
async fn of_what_was_checked_a_tranche_is_held_for_each_name_of_a_holder() {
    let (mut most, mut all) = (0, 0);
    for seed in 0..6u64 {
        let store = recorded(renamed(seed, 300), Pace::CatchingUp).await;
        for netuid in RandomLife::NETUIDS {
            let mut parts = Parts::of_size(store.as_ref(), netuid, 1).await.unwrap();
            let (mut walk, mut before) = (PartChecker::new(netuid), None);
            while let Some(mut part) = parts.next().await.unwrap() {
                walk.take(&mut part).await.unwrap();
                let held = walk.record().await.unwrap();
                let old: Vec<_> =
                    held.tranches.iter().filter(|tranche| Some(tranche.id.block) <= before).collect();
                assert!(
                    old.len() <= held.holders.len() + held.successions.len(),
                    "seed {seed}, up to {before:?}: {old:?}"
                );
                most = most.max(old.len());
                before = Some(part.watermark.block.number);
            }
            let end = before.unwrap();
            let stands = store.tranches(netuid, BlockNumber(0), end, end).await.unwrap();
            all = all.max(stands.iter().filter(|stand| !stand.remaining.is_zero()).count());
        }
    }
    assert!(most > 3 && all > 3 * most, "{most} of {all}: too little to test with");
}

#[tokio::test]
async fn a_record_that_begins_with_an_epochs_block_is_consistent_in_parts_and_pruned() {
    let netuid = NetUid(1);
    let whole = recorded(lived(2, 250), Pace::Following).await;
    let mark = whole.watermark(netuid).await.unwrap().unwrap();
    let epochs = whole.epoch_list(netuid, mark.first_block, mark.block.number).await.unwrap();
    for pace in [Pace::Following, Pace::CatchingUp] {
        let store = recorded_from(lived(2, 250), pace, epochs[1].block.number).await;
        let begins = store.entries(netuid, epochs[1].block.number, epochs[1].block.number).await.unwrap();
        assert!(begins.iter().any(|entry| entry.kind == Kind::Incentive), "too little to test with");
        let parts = Parts::of_size(store.as_ref(), netuid, 1).await.unwrap();
        check_parts(store.as_ref(), parts).await.unwrap_or_else(|wrong| panic!("{pace:?}: {wrong}"));
        store.prune(netuid, epochs[3].block.number).await.unwrap();
        let record = store.record(netuid).await.unwrap().unwrap();
        check(&record).unwrap_or_else(|wrong| panic!("{pace:?}, pruned: {wrong}"));
    }
}

#[tokio::test]
async fn a_record_that_is_pruned_while_it_is_read_in_parts_is_told_as_such() {
    let store = recorded(lived(2, 200), Pace::Following).await;
    let netuid = NetUid(1);
    let mut parts = Parts::of_size(store.as_ref(), netuid, 1).await.unwrap();
    let first = parts.next().await.unwrap().unwrap();
    let epochs =
        store.epoch_list(netuid, first.watermark.first_block, first.watermark.block.number).await.unwrap();
    store.prune(netuid, epochs.last().unwrap().block.number).await.unwrap();
    let refused = parts.next().await.unwrap_err();
    assert!(refused.is_passing() && refused.to_string().contains("while it was read"), "{refused}");
}

/// A random chain on which positions grow without an event. Some of the growth is sold at once.
fn whispered(seed: u64, blocks: u64) -> SimChain {
    let mut rng = Rng::new(!seed);
    let mut life = RandomLife::new(seed);
    let mut chain = life.chain(seed, None);
    for _ in 0..blocks {
        let netuid = *rng.pick(&RandomLife::NETUIDS).unwrap();
        let held = chain.positions(netuid);
        if let Some(key) = rng.pick(&held).copied().filter(|_| rng.once_in(5)) {
            let (coldkey, hotkey) = (key.coldkey, key.hotkey);
            chain.queue(Call::SilentEdit { coldkey, hotkey, netuid, alpha: rng.below(9_000_000_000) });
            // All of it is sold, because within a block growth is entered after sales.
            if rng.once_in(2) {
                chain.queue(Call::RemoveStake { coldkey, hotkey, netuid, alpha: u64::MAX });
            }
        }
        life.step(&mut chain);
    }
    // The chain goes on until the end of the interval, where unexplained growth is found.
    for _ in 0..120 {
        chain.step();
    }
    chain
}

#[tokio::test]
async fn a_record_of_what_nothing_explains_is_consistent_as_either_version_wrote_it() {
    let (mut kept, mut paid) = (0, 0);
    for seed in 0..12u64 {
        let pace = if seed.is_multiple_of(2) { Pace::Following } else { Pace::CatchingUp };
        let store = recorded(whispered(seed, 150 + seed * 9), pace).await;
        for netuid in RandomLife::NETUIDS {
            let mut record = store.record(netuid).await.unwrap().unwrap();
            check(&record).unwrap_or_else(|wrong| panic!("seed {seed}: {wrong}"));
            let balance: RaoDelta = record.entries.iter().map(|entry| entry.alpha).sum();
            let stands = store
                .tranches(
                    netuid,
                    BlockNumber(0),
                    record.watermark.block.number,
                    record.watermark.block.number,
                )
                .await
                .unwrap();
            let held: RaoDelta = stands.iter().map(|stand| stand.remaining).sum();
            // Only the rounding of the open interval is not settled yet, and what a root claim of the same
            // block is taken for.
            let claimed = record
                .entries
                .iter()
                .filter(|entry| entry.kind == Kind::RootClaim)
                .map(|entry| entry.alpha.0)
                .sum::<i128>();
            assert!(
                (0..100 + claimed).contains(&(held - balance).0),
                "seed {seed}: {held} {balance} {claimed}"
            );
            let came = record
                .entries
                .iter()
                .filter(|entry| entry.kind == Kind::Unattributed && entry.alpha.0 > 0)
                .count();
            let mut older = record
                .tranches
                .iter_mut()
                .filter(|tranche| tranche.id.kind == Kind::Unattributed)
                .collect::<Vec<_>>();
            assert!(older.iter().all(|tranche| tranche.origin == Origin::Other));
            older.iter_mut().for_each(|tranche| tranche.origin = Origin::Manual);
            (kept, paid) = (kept + older.len(), paid + came - older.len());
            check(&record).unwrap_or_else(|wrong| panic!("seed {seed}, as older versions wrote it: {wrong}"));
        }
    }
    assert!(kept > 20 && paid > 5, "{kept} kept and {paid} paid: too little to test with");
}

/// A record with many rows, and what a prune up to an epoch in the middle leaves, with that epoch.
async fn example() -> (Commit, Commit, BlockNumber) {
    for seed in 5..60 {
        let store = recorded(renamed(seed, 300), Pace::CatchingUp).await;
        let whole = store.record(NetUid(1)).await.unwrap().unwrap();
        if whole.epochs.len() <= 5 || whole.exits.len() <= 20 || whole.successions.is_empty() {
            continue;
        }
        let base = whole.epochs[whole.epochs.len() / 2].epoch.block.number;
        store.prune(NetUid(1), base).await.unwrap();
        let left = store.record(NetUid(1)).await.unwrap().unwrap();
        let later = left.epochs.iter().filter(|epoch| epoch.epoch.block.number > base).count();
        if later > 3
            && left.exits.len() > 10
            && left.tranches.iter().filter(|t| t.id.block <= base).count() > 10
        {
            return (whole, left, base);
        }
    }
    panic!("too little to test with");
}

/// One alteration of a record.
type Alter = fn(&mut Commit, usize);

#[tokio::test]
async fn what_is_altered_is_named() {
    let (whole, left, _) = example().await;
    named(&whole);
    named(&left);
}

fn named(record: &Commit) {
    let mut rng = Rng::new(1);
    let cases: [(&str, &str, Alter); 22] = [
        ("the amount of an entry", "stake_", |r, n| {
            // The entry is in a closed interval. In the open one only tranches would show it.
            let last = r.epochs.last().map(|epoch| epoch.epoch.block.number);
            at(&mut r.entries.iter_mut().filter(|e| Some(e.block) <= last).collect::<Vec<_>>(), n).alpha.0 +=
                1;
        }),
        ("the block of an entry that brought or took something", "", |r, n| {
            let flows = &mut r
                .entries
                .iter_mut()
                .filter(|e| !matches!(e.flow(), Flow::Neutral | Flow::Rounding))
                .collect::<Vec<_>>();
            at(flows, n).block.0 ^= 1;
        }),
        ("an entry left out", "", |r, n| {
            r.entries.remove(n % r.entries.len());
        }),
        ("an entry twice", "stake_transactions", |r, n| r.entries.push(r.entries[n % r.entries.len()])),
        ("the alpha of a snapshot at an epoch", "stake_snapshots", |r, n| {
            let epochs: Vec<BlockNumber> =
                r.epochs.iter().flat_map(|e| [e.epoch.block.number, e.epoch.pre_block.number]).collect();
            at(&mut r.snapshots.iter_mut().filter(|s| epochs.contains(&s.block)).collect::<Vec<_>>(), n)
                .alpha
                .0 += 1;
        }),
        ("a snapshot more", "stake_snapshots", |r, n| {
            let epoch = at(&mut r.epochs, n).epoch.block.number;
            let key = at(&mut r.snapshots, n).key;
            r.snapshots.retain(|s| (s.block, s.key) != (epoch, key));
            r.snapshots.push(Snapshot { block: epoch, key, alpha: Rao(1 << 60) });
        }),
        ("an emission", "stake_changes", |r, n| {
            let changes = &mut r.epochs.iter_mut().filter(|e| !e.changes.is_empty()).collect::<Vec<_>>();
            let change = &mut at(changes, n).changes[0];
            change.true_emission.0 += 1;
            change.rounding.0 -= 1;
        }),
        ("stake before an epoch", "stake_changes", |r, n| {
            let changes = &mut r.epochs.iter_mut().filter(|e| !e.changes.is_empty()).collect::<Vec<_>>();
            at(changes, n).changes[0].before.0 += 1;
        }),
        ("a change left out", "stake_changes", |r, n| {
            let changes = &mut r
                .epochs
                .iter_mut()
                .filter(|e| e.changes.iter().any(|c| c.true_emission.0 > 0))
                .collect::<Vec<_>>();
            at(changes, n).changes.retain(|c| c.true_emission.0 == 0);
        }),
        ("an interval's flow", "stake_balance_changes", |r, n| {
            at(&mut r.balance_changes, n).by_flow.entry(Flow::Inflow).or_default().0 += 1;
        }),
        ("an interval left out", "stake_balance_changes", |r, n| {
            r.balance_changes.remove(n % r.balance_changes.len());
        }),
        ("the amount of a tranche", "stake_tranches", |r, n| at(&mut r.tranches, n).initial.0 += 1),
        ("the time of a reward", "", |r, n| {
            let rewards =
                &mut r.tranches.iter_mut().filter(|t| t.id.kind == Kind::Incentive).collect::<Vec<_>>();
            at(rewards, n).time.0 -= 1;
        }),
        ("a tranche left out", "", |r, n| {
            r.tranches.remove(n % r.tranches.len());
        }),
        ("a smaller exit", "", |r, n| {
            at(&mut r.exits.iter_mut().filter(|e| e.amount.0 > 100).collect::<Vec<_>>(), n).amount.0 -= 100
        }),
        ("an exit left out", "", |r, n| {
            let large: Vec<usize> = (0..r.exits.len()).filter(|i| r.exits[*i].amount.0 > 100).collect();
            r.exits.remove(large[n % large.len()]);
        }),
        ("an exit by nothing", "tranche_exits", |r, n| {
            let exit = at(&mut r.exits, n);
            exit.by = EntryId { event_index: Some(9_999), ..exit.by };
        }),
        ("a holder left out", "", |r, n| {
            let coldkey = at(&mut r.entries, n).key.coldkey;
            r.holders.retain(|h| h.coldkey != coldkey);
        }),
        ("the time of an epoch", "", |r, n| at(&mut r.epochs, n).epoch.time = Millis(5)),
        ("the watermark", "", |r, n| r.watermark.block.number = at(&mut r.epochs, n).epoch.pre_block.number),
        ("the open interval", "blockchain_state", |r, _| r.interval.from = Some(BlockNumber(1))),
        ("a row beyond the watermark", "neurons", |r, n| at(&mut r.neurons, n).block.0 += 10_000),
    ];
    for (name, table, alter) in cases {
        for _ in 0..40 {
            let mut altered = record.clone();
            alter(&mut altered, usize::try_from(rng.below(1 << 20)).unwrap());
            altered.sort();
            let wrong = check(&altered).err().unwrap_or_else(|| panic!("{name}: not found"));
            assert!(wrong.table.starts_with(table), "{name}: {wrong}");
            assert_eq!(wrong.netuid, NetUid(1));
        }
    }
}

#[tokio::test]
async fn what_is_altered_of_what_a_prune_left_is_named() {
    let (_, record, base) = example().await;
    let before = |record: &Commit| -> Vec<usize> {
        (0..record.tranches.len()).filter(|i| record.tranches[*i].id.block <= base).collect()
    };
    let opening = |record: &mut Commit, n: usize| {
        let found: Vec<usize> =
            (0..record.entries.len()).filter(|i| record.entries[*i].block == base).collect();
        found[n % found.len()]
    };
    let mut altered: Vec<(&str, &str, Commit)> = Vec::new();
    for n in 0..before(&record).len() {
        let mut push = |name, table, alter: &dyn Fn(&mut Commit)| {
            let mut commit = record.clone();
            alter(&mut commit);
            altered.push((name, table, commit));
        };
        push("an opening by a rao", "stake_", &|r| {
            let place = opening(r, n);
            r.entries[place].alpha.0 += 1;
        });
        push("an opening left out", "stake_", &|r| {
            let place = opening(r, n);
            r.entries.remove(place);
        });
        push("an opening as something else", "stake_transactions", &|r| {
            let place = opening(r, n);
            r.entries[place].kind = Kind::StakeAdded;
        });
        push("a tranche of before by a rao", "stake_tranches", &|r| {
            let place = before(r)[n];
            r.tranches[place].initial.0 += 1;
        });
        push("a tranche of before left out", "", &|r| {
            let place = before(r)[n];
            r.tranches.remove(place);
        });
        push("a tranche of before for another holder", "", &|r| {
            let place = before(r)[n];
            let coldkey = r.tranches[place].coldkey;
            r.tranches[place].coldkey =
                r.holders.iter().map(|h| h.coldkey).find(|other| *other != coldkey).unwrap();
        });
        push("a tranche of before at another time", "", &|r| {
            let place = before(r)[n];
            r.tranches[place].time.0 += 10_000_000;
        });
        push("a snapshot of before left out", "stake_snapshots", &|r| {
            let found: Vec<usize> =
                (0..r.snapshots.len()).filter(|i| r.snapshots[*i].block <= base).collect();
            r.snapshots.remove(found[n % found.len()]);
        });
        push("a snapshot of before by a rao", "stake_snapshots", &|r| {
            at(&mut r.snapshots.iter_mut().filter(|s| s.block <= base).collect::<Vec<_>>(), n).alpha.0 += 1;
        });
    }
    let (whole, ..) = example().await;
    let keeps = |name, table, alter: &dyn Fn(&mut Commit)| {
        let mut commit = record.clone();
        alter(&mut commit);
        (name, table, commit)
    };
    altered.extend([
        keeps("where it begins", "", &|r| r.watermark.first_block.0 += 1),
        keeps("when it begins", "", &|r| r.watermark.first_time.0 -= 1),
        keeps("the epoch it begins with left out", "", &|r| {
            r.epochs.retain(|epoch| epoch.epoch.block.number != base)
        }),
        keeps("what epochs before did", "stake_changes", &|r| r.epochs.clone_from(&whole.epochs)),
        keeps("an interval before", "stake_balance_changes", &|r| {
            r.balance_changes.clone_from(&whole.balance_changes)
        }),
        keeps("an exit before", "tranche_exits", &|r| r.exits.clone_from(&whole.exits)),
        keeps("snapshots before", "stake_snapshots", &|r| r.snapshots.clone_from(&whole.snapshots)),
        keeps("entries before", "", &|r| r.entries.clone_from(&whole.entries)),
        keeps("holders of before", "", &|r| r.holders.clone_from(&whole.holders)),
    ]);
    for (name, table, mut altered) in altered {
        altered.sort();
        let wrong = check(&altered).err().unwrap_or_else(|| panic!("{name}: not found"));
        assert!(wrong.table.starts_with(table), "{name}: {wrong}");
    }
}

fn at<T>(rows: &mut [T], n: usize) -> &mut T {
    let n = n % rows.len();
    &mut rows[n]
}

#[tokio::test]
async fn what_a_store_keeps_beside_is_compared() {
    let store = recorded(renamed(5, 300), Pace::CatchingUp).await;
    let record = store.record(NetUid(1)).await.unwrap().unwrap();
    let state = store.ledger_state(NetUid(1)).await.unwrap().unwrap();
    check_state(&record, &state).unwrap();
    let mut altered = state.clone();
    altered.observed.values_mut().next().unwrap().0 += 1;
    assert_eq!(check_state(&record, &altered).unwrap_err().table, "stake_snapshots");
    let mut altered = state.clone();
    altered.observed.pop_last();
    assert_eq!(check_state(&record, &altered).unwrap_err().table, "stake_snapshots");
    // Alterations of what is left of tranches.
    let (checked, mark) = (check(&record).unwrap(), record.watermark);
    let stands =
        store.tranches(NetUid(1), BlockNumber(0), mark.block.number, mark.block.number).await.unwrap();
    assert!(
        stands.iter().any(|stand| stand.exits > 0 && !stand.remaining.is_zero()),
        "too little to test with"
    );
    let alterations: [fn(&mut Vec<TrancheStand>); 5] = [
        |stands| at(stands, 3).remaining.0 += 1,
        |stands| {
            at(&mut stands.iter_mut().filter(|stand| stand.exits > 0).collect::<Vec<_>>(), 1).taken.0 -= 1
        },
        |stands| at(stands, 5).tranche.initial.0 += 1,
        |stands| at(stands, 7).exits += 1,
        |stands| stands.retain(|stand| stand.exits == 0),
    ];
    let tables = alterations.map(|alter| {
        let mut told = stands.clone();
        alter(&mut told);
        let mut store = MockReadRecord::new();
        let state = state.clone();
        store.expect_ledger_state().returning(move |_| Ok(Some(state.clone())));
        store.expect_watermark().returning(move |_| Ok(Some(mark)));
        store.expect_epoch_list().returning(|_, _, _| Ok(Vec::new()));
        store.expect_tranches().returning(move |_, _, _, _| Ok(told.clone()));
        match check_beside(&store, &record, &checked).now_or_never().unwrap() {
            Err(CheckError::Inconsistent(wrong)) => wrong.table,
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(
        tables,
        ["stake_tranches", "stake_tranches", "stake_tranches", "tranche_exits", "tranche_exits"]
    );
}
