//! The newest epochs of a record. They are read from its end, so the cost does not grow with the record.

use crate::block::Epoch;
use crate::ports::{ReadRecord, StoreError};
use crate::units::{BlockNumber, NetUid};

/// The number of blocks that are searched first: a day.
const NEAR: u64 = 7_200;

/// The epochs with `first` ≤ block ≤ `to`, in order. Older ones may be left out, if the later ones are
/// `enough`.
///
/// For the crates of this workspace.
///
/// # Errors
/// When the store cannot be read.
pub async fn newest_epochs(
    store: &dyn ReadRecord,
    netuid: NetUid,
    first: BlockNumber,
    to: BlockNumber,
    enough: impl Fn(&[Epoch]) -> bool,
) -> Result<Vec<Epoch>, StoreError> {
    let (mut found, mut to, mut near) = (Vec::new(), to, NEAR);
    while to >= first {
        let from = BlockNumber(to.0.saturating_sub(near)).max(first);
        let mut older = store.epoch_list(netuid, from, to).await?;
        older.append(&mut found);
        found = older;
        if enough(&found) || from.0 == 0 {
            break;
        }
        (to, near) = (from.parent(), near.saturating_mul(2));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures_util::FutureExt;

    use super::*;
    use crate::ports::MockReadRecord;
    use crate::window::span::tests::epoch;

    /// What is found of a record with an epoch in every 100th block, and what was asked for it.
    fn found(first: u64, to: u64, enough: usize) -> (Vec<u64>, Vec<(u64, u64)>) {
        let asked: &'static Mutex<Vec<(u64, u64)>> = Box::leak(Box::default());
        let mut store = MockReadRecord::new();
        store.expect_epoch_list().returning(move |_, from, to| {
            asked.lock().unwrap().push((from.0, to.0));
            Ok((from.0.max(1)..=to.0).filter(|block| block.is_multiple_of(100)).map(epoch).collect())
        });
        let all = newest_epochs(&store, NetUid(1), BlockNumber(first), BlockNumber(to), |epochs| {
            epochs.len() >= enough
        });
        let all = all.now_or_never().unwrap().unwrap();
        (all.iter().map(|epoch| epoch.block.number.0).collect(), asked.lock().unwrap().clone())
    }

    #[test]
    fn no_more_is_read_than_what_is_enough_and_none_of_it_twice() {
        let (epochs, asked) = found(1, 1_000_000, 200);
        assert_eq!(asked, [(992_800, 1_000_000), (978_399, 992_799)]);
        assert_eq!(epochs, (9_784..=10_000).map(|n| n * 100).collect::<Vec<_>>());
    }

    #[test]
    fn where_the_record_begins_it_ends() {
        assert_eq!(found(950, 1_230, 100), (vec![1_000, 1_100, 1_200], vec![(950, 1_230)]));
        assert_eq!(found(0, 190, 100), (vec![100], vec![(0, 190)]));
        assert_eq!(found(50, 40, 1), (vec![], vec![]));
    }
}
