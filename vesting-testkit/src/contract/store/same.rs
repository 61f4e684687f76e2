//! Two stores that must say the same of a subnet.

use vesting_core::ports::{End, StakeStore, TranchePage};
use vesting_core::{BlockNumber, Coldkey, NetUid};

/// Pages of open tranches: the page of all, and short ones from either end of several ranges of blocks.
fn pages(blocks: u64) -> Vec<TranchePage> {
    let mut pages = vec![TranchePage::ALL];
    for (from, to) in [(0, u64::MAX), (2, blocks / 2), (blocks / 2, blocks / 3)] {
        for least in [0, 1, 2, 7, u32::MAX] {
            let page = |first| TranchePage { from: BlockNumber(from), to: BlockNumber(to), first, least };
            pages.extend([End::Oldest, End::Newest].map(page));
        }
    }
    pages
}

/// Checks that both stores answer every question about a subnet alike, whatever range is asked.
pub async fn same(one: &dyn StakeStore, other: &dyn StakeStore, netuid: NetUid, blocks: u64) {
    assert_eq!(one.watermark(netuid).await, other.watermark(netuid).await);
    assert_eq!(one.ledger_state(netuid).await, other.ledger_state(netuid).await);
    assert_eq!(one.holders(netuid).await, other.holders(netuid).await);
    assert_eq!(one.record(netuid).await, other.record(netuid).await);
    for (after, to) in [
        (None, Some(5)),
        (Some(5), Some(20)),
        (Some(10), None),
        (Some(20), Some(10)),
        (None, Some(7)),
        (Some(3), None),
    ] {
        let (after, to) = (after.map(BlockNumber), to.map(BlockNumber));
        assert_eq!(
            one.part(netuid, after, to).await,
            other.part(netuid, after, to).await,
            "after {after:?} to {to:?}"
        );
    }
    // Each coldkey of the rows alone, none, all of them, and one together with a coldkey without rows.
    let alone = (0..4).map(|coldkey| vec![coldkey]);
    for coldkeys in alone.chain([vec![], vec![0, 1, 2, 3], vec![1, 200]]) {
        let coldkeys = coldkeys.into_iter().map(|n| Coldkey([n; 32])).collect();
        for page in pages(blocks) {
            let open = one.open_tranches(netuid, &coldkeys, &page).await;
            assert_eq!(open, other.open_tranches(netuid, &coldkeys, &page).await, "{coldkeys:?}, {page:?}");
        }
    }
    let near = [0, 1, blocks / 3, blocks / 2, blocks - 1, blocks, blocks + 1, u64::MAX];
    for to in near.map(BlockNumber) {
        assert_eq!(one.neurons(netuid, to).await, other.neurons(netuid, to).await);
        assert_eq!(one.successions(netuid, to).await, other.successions(netuid, to).await);
        assert_eq!(one.positions_at(netuid, to).await, other.positions_at(netuid, to).await);
        assert_eq!(one.locks_at(netuid, to).await, other.locks_at(netuid, to).await);
        for from in near.map(BlockNumber) {
            assert_eq!(
                one.entries(netuid, from, to).await,
                other.entries(netuid, from, to).await,
                "{from} to {to}"
            );
            for as_of in [0, blocks / 2, blocks].map(BlockNumber) {
                let stands = one.tranches(netuid, from, to, as_of).await;
                assert_eq!(
                    stands,
                    other.tranches(netuid, from, to, as_of).await,
                    "{from} to {to} as of {as_of}"
                );
            }
            assert_eq!(
                one.block_times(netuid, from, to).await,
                other.block_times(netuid, from, to).await,
                "{from} to {to}"
            );
            assert_eq!(
                one.epochs(netuid, from, to).await,
                other.epochs(netuid, from, to).await,
                "{from} to {to}"
            );
            assert_eq!(
                one.epoch_list(netuid, from, to).await,
                other.epoch_list(netuid, from, to).await,
                "{from} to {to}"
            );
            assert_eq!(
                one.skipped_slots(netuid, from, to).await,
                other.skipped_slots(netuid, from, to).await,
                "{from} to {to}"
            );
        }
    }
}
