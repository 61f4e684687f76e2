//! Open tranches, tranches as they stood at a block, and pages of them.

use std::collections::BTreeMap;

use vesting_core::ports::{End, StakeStore, TranchePage};
use vesting_core::{BlockNumber, Coldkey, HolderTranches, Kind, OpenTranche, sort_entries};

use super::commits::{plain, put};
use super::rows::{A, entry, position};

/// A commit may take from tranches of earlier commits, and `as_of` tells how a tranche stood at a block.
pub(super) async fn tranches(store: &dyn StakeStore) {
    let key = position(1, 1);
    let mut holder = HolderTranches::default();
    let mut parent = None;
    for (number, kind, alpha) in [
        (1, Kind::Opening, 100),
        (2, Kind::Incentive, 30),
        (3, Kind::StakeRemoved, -40),
        (4, Kind::StakeRemoved, -90),
    ] {
        let mut commit = plain(A, number, parent);
        let index = (alpha < 0).then_some(7);
        let new = entry(A, number, index, kind, key, alpha);
        let change = holder.apply(&new, commit.watermark.time);
        commit.entries.push(new);
        commit.tranches.extend(change.opened);
        commit.exits.extend(change.exits);
        put(store, std::slice::from_ref(&commit)).await;
        parent = Some(commit.watermark.block);
        assert_eq!(
            store.open_tranches(A, &[key.coldkey].into(), &TranchePage::ALL).await,
            Ok(holder.open().to_vec()),
            "after block {number}"
        );
    }
    let stands = async |from, to, as_of| {
        let found = store
            .tranches(A, BlockNumber(from), BlockNumber(to), BlockNumber(as_of))
            .await
            .expect("readable");
        found.iter().map(|stand| (stand.exits, stand.taken.0, stand.remaining.0)).collect::<Vec<_>>()
    };
    for (as_of, one, two) in [
        (1, (0, 0, 100), (0, 0, 30)),
        (2, (0, 0, 100), (0, 0, 30)),
        (3, (1, 10, 90), (1, 30, 0)),
        (4, (2, 100, 0), (1, 30, 0)),
        (u64::MAX, (2, 100, 0), (1, 30, 0)),
    ] {
        assert_eq!(stands(0, u64::MAX, as_of).await, [one, two], "as of {as_of}");
        assert_eq!(stands(0, 1, as_of).await, [one]);
        assert_eq!(stands(2, 2, as_of).await, [two]);
        assert_eq!(stands(3, u64::MAX, as_of).await, []);
    }
}

/// Page by page, from either end, every open tranche comes once, and those of one block come together.
pub(super) async fn pages_of_tranches(store: &dyn StakeStore) {
    let mut holders: BTreeMap<u8, HolderTranches> = BTreeMap::new();
    let mut parent = None;
    for number in 1..=40u64 {
        let mut commit = plain(A, number, parent);
        let own = u8::try_from(number % 3).expect("small");
        commit.entries = vec![
            entry(A, number, None, Kind::Incentive, position(1, own), 100),
            entry(A, number, None, Kind::Incentive, position(2, own), 70),
            entry(A, number, None, Kind::DividendOrOther, position(2, (own + 1) % 3), 5),
        ];
        if number.is_multiple_of(4) {
            commit.entries.push(entry(A, number, Some(3), Kind::StakeRemoved, position(1, own), -130));
        }
        sort_entries(&mut commit.entries);
        for entry in &commit.entries {
            let change =
                holders.entry(entry.key.coldkey.0[0]).or_default().apply(entry, commit.watermark.time);
            commit.tranches.extend(change.opened);
            commit.exits.extend(change.exits);
        }
        parent = Some(commit.watermark.block);
        put(store, &[commit]).await;
    }
    let coldkeys = (0..4).map(|n| Coldkey([n; 32])).collect();
    let all = store.open_tranches(A, &coldkeys, &TranchePage::ALL).await.expect("readable");
    assert!(all.len() > 20, "too little to test with: {}", all.len());
    for (first, least) in [(End::Oldest, 1), (End::Newest, 1), (End::Oldest, 5), (End::Newest, 5)] {
        let (mut found, mut page) = (Vec::new(), TranchePage { first, least, ..TranchePage::ALL });
        loop {
            let read = store.open_tranches(A, &coldkeys, &page).await.expect("readable");
            let blocks = || read.iter().map(|open| open.tranche.id.block);
            let (Some(low), Some(high)) = (blocks().min(), blocks().max()) else { break };
            assert!(low >= page.from && high <= page.to, "{page:?}");
            found.extend(&read);
            if read.len() < usize::try_from(least).expect("small") || low == BlockNumber(0) {
                break;
            }
            match first {
                End::Oldest => page.from = high.child(),
                End::Newest => page.to = low.parent(),
            }
        }
        found.sort_by_key(|open: &OpenTranche| all.iter().position(|one| one.tranche == open.tranche));
        assert_eq!(found, all, "{first:?} {least}");
    }
}
