//! Pruning: condensing a record to one that begins at the end of an epoch.
//!
//! Multipliers and digests follow from what is inside a window. Of the time before it they need only the
//! balances at its start, whatever these are made of.

use std::collections::BTreeMap;

use crate::block::Epoch;
use crate::ledger::{Entry, Kind};
use crate::ports::{OpenInterval, StoreError, Watermark};
use crate::units::{BlockNumber, Coldkey, Millis, NetUid, PositionKey, RaoDelta};

/// The newest of `epochs` up to whose end a record may be pruned, if `keep` of block time must stay before
/// its last block. `None` where there is none. `epochs` are those of the record from its first block on, in
/// order.
///
/// If `keep` is at least the length of a window, the record still covers the window as of its last epoch, and
/// as of every later one.
#[must_use]
pub fn base(watermark: &Watermark, epochs: &[Epoch], keep: Millis) -> Option<Epoch> {
    // The window that ends at the last epoch is the earliest one that must be covered.
    let last = epochs.last()?.time.min(watermark.time);
    let old = |epoch: &&Epoch| {
        epoch.block.number >= watermark.first_block && epoch.time.0.saturating_add(keep.0) <= last.0
    };
    epochs.iter().rev().find(old).copied()
}

/// The watermark of a record after it is pruned up to the end of `base`. `epoch` is the epoch that the record
/// has in that block.
///
/// For the crates of this workspace.
///
/// # Errors
/// [`StoreError::Unusable`] unless `base` is an epoch of the record, and more of the record follows it.
pub fn condensed(
    netuid: NetUid,
    record: Option<(Watermark, &OpenInterval)>,
    epoch: Option<&Epoch>,
    base: BlockNumber,
) -> Result<Watermark, StoreError> {
    let refuse = |why: String| StoreError::Unusable(format!("nothing was pruned: {why}"));
    let (watermark, interval) =
        record.ok_or_else(|| refuse(format!("there is no record of subnet {netuid}")))?;
    if base < watermark.first_block {
        return Err(refuse(format!(
            "the record of subnet {netuid} begins at block {}, after block {base}",
            watermark.first_block
        )));
    }
    let epoch =
        epoch.ok_or_else(|| refuse(format!("the record of subnet {netuid} has no epoch at block {base}")))?;
    // Unexplained changes of the open interval must still be located in its blocks.
    if interval.from.is_none_or(|from| from < base) || watermark.block.number <= base {
        return Err(refuse(format!("block {base} is not followed by more of the record of subnet {netuid}")));
    }
    Ok(Watermark { first_block: base.child(), first_time: epoch.time, ..watermark })
}

/// The entries that replace all those up to the end of `base`: one opening for each position, with the sum of
/// its entries. `sums` has every position with such entries, even if the sum is 0. `held` is what remains at
/// the end of `base` in the tranches of each coldkey.
///
/// A holder may have a deficit: what outflows took beyond all its tranches, until later rounding pays it off.
/// Tranches must equal openings. So the holder opens with that much more, and a rounding entry debits it
/// again.
///
/// For the crates of this workspace.
#[must_use]
pub fn openings(
    netuid: NetUid,
    base: BlockNumber,
    sums: &BTreeMap<PositionKey, RaoDelta>,
    held: &BTreeMap<Coldkey, RaoDelta>,
) -> Vec<Entry> {
    let mut owed = held.clone();
    for (key, sum) in sums {
        *owed.entry(key.coldkey).or_default() += -*sum;
    }
    let mut entries = Vec::new();
    for (key, sum) in sums {
        let entry = |kind, alpha| Entry { netuid, block: base, source: None, key: *key, kind, alpha };
        // All of the deficit is put on the first of its positions.
        let owed = owed.remove(&key.coldkey).filter(|owed| owed.0 > 0).unwrap_or_default();
        entries.extend(Some(entry(Kind::Rounding, -owed)).filter(|entry| !entry.alpha.is_zero()));
        entries.extend(Some(entry(Kind::Opening, *sum + owed)).filter(|entry| !entry.alpha.is_zero()));
    }
    entries.sort_by_key(Entry::order);
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{BlockHash, BlockRef, Hotkey};
    use crate::window::span::tests::epoch;

    fn watermark(block: u64) -> Watermark {
        Watermark {
            block: BlockRef { number: BlockNumber(block), hash: BlockHash::default() },
            time: Millis(block * 12_000),
            first_block: BlockNumber(15),
            first_time: Millis(15 * 12_000),
            observed: BlockNumber(block),
            spec_version: 1,
        }
    }

    #[test]
    fn a_window_as_of_the_last_epoch_begins_at_the_base_or_later() {
        let epochs = [20, 40, 60].map(epoch);
        let found = |blocks: u64| {
            base(&watermark(70), &epochs, Millis(blocks * 12_000)).map(|epoch| epoch.block.number.0)
        };
        assert_eq!(
            [0, 19, 20, 21, 40, 41].map(found),
            [Some(60), Some(40), Some(40), Some(20), Some(20), None]
        );
        assert_eq!(base(&watermark(70), &[], Millis(0)), None);
        // A pruned record has epochs before its first block.
        let pruned = Watermark { first_block: BlockNumber(41), ..watermark(70) };
        assert_eq!(base(&pruned, &epochs, Millis(20 * 12_000)), None);
    }

    #[test]
    fn only_an_epoch_with_more_after_it_is_pruned_up_to() {
        let interval = OpenInterval { from: Some(BlockNumber(40)), ..OpenInterval::default() };
        let of = |block: u64, from: u64, end: u64| {
            let interval = OpenInterval { from: Some(BlockNumber(from)), ..interval.clone() };
            let epoch = (block.is_multiple_of(20)).then(|| epoch(block));
            condensed(NetUid(2), Some((watermark(end), &interval)), epoch.as_ref(), BlockNumber(block))
        };
        let pruned = of(40, 40, 41).unwrap();
        assert_eq!(
            pruned,
            Watermark { first_block: BlockNumber(41), first_time: Millis(40 * 12_000), ..watermark(41) }
        );
        for (refused, words) in [
            (of(39, 40, 41), "no epoch at block 39"),
            (of(40, 40, 40), "not followed"),
            (of(40, 20, 41), "not followed"),
            (of(10, 40, 41), "begins at block 15"),
            (condensed(NetUid(2), None, None, BlockNumber(40)), "no record"),
        ] {
            assert!(
                matches!(&refused, Err(StoreError::Unusable(said)) if said.contains(words)),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn what_a_holder_owes_opens_with_it_and_is_taken_again() {
        let key = |hotkey: u8, coldkey: u8| PositionKey {
            hotkey: Hotkey([hotkey; 32]),
            coldkey: Coldkey([coldkey; 32]),
        };
        let sums = [(key(1, 1), 0), (key(2, 1), 7), (key(1, 2), 0), (key(3, 3), -4)]
            .map(|(key, sum)| (key, RaoDelta(sum)))
            .into();
        let held = [(1, 10), (3, -4)].map(|(coldkey, held)| (Coldkey([coldkey; 32]), RaoDelta(held))).into();
        let found: Vec<_> = openings(NetUid(2), BlockNumber(40), &sums, &held)
            .iter()
            .map(|e| (e.kind, e.key, e.alpha.0))
            .collect();
        let expected = [
            (Kind::Rounding, key(1, 1), -3),
            (Kind::Opening, key(1, 1), 3),
            (Kind::Opening, key(2, 1), 7),
            (Kind::Opening, key(3, 3), -4),
        ];
        assert_eq!(found, expected);
    }
}
