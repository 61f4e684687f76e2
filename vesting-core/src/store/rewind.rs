//! Rewinding: taking a record back to the end of one of its epochs, as if it had never gone further.
//!
//! A commit ends with an epoch's block, so nearly every row shows by its block whether it must be removed.
//! One kind of row is recorded later than it is dated. A coldkey that takes over from a holder in the next
//! block is followed from the end of the epoch's block on. No other holder begins exactly there, so holders
//! that do are removed with all their rows.

use crate::block::Epoch;
use crate::ports::{OpenInterval, StoreError, Watermark};
use crate::units::{BlockNumber, NetUid};

/// The watermark of a record after it is taken back to the end of the block of `to`, and the open interval
/// that begins there. `epoch` is the epoch that the record has in that block. Only the version of the runtime
/// is taken from `to`. The first block and its time stay those of the record; the rest is compared.
///
/// For the crates of this workspace.
///
/// # Errors
/// [`StoreError::Unusable`] unless `to` is the end of an epoch of the record.
pub fn rewound(
    netuid: NetUid,
    record: Option<Watermark>,
    epoch: Option<&Epoch>,
    to: &Watermark,
) -> Result<(Watermark, OpenInterval), StoreError> {
    let refuse = |why: String| StoreError::Unusable(format!("nothing was taken back: {why}"));
    let block = to.block.number;
    let record = record.ok_or_else(|| refuse(format!("there is no record of subnet {netuid}")))?;
    if block < record.first_block {
        return Err(refuse(format!(
            "the record of subnet {netuid} begins at block {}, after block {block}",
            record.first_block
        )));
    }
    let epoch = epoch
        .ok_or_else(|| refuse(format!("the record of subnet {netuid} has no epoch at block {block}")))?;
    if (epoch.block, epoch.time) != (to.block, to.time) {
        return Err(refuse(format!(
            "the record of subnet {netuid} has another block {block}: {}, not {}",
            epoch.block, to.block
        )));
    }
    Ok((Watermark { spec_version: to.spec_version, ..stood_at(epoch, record) }, open_at(block)))
}

/// The watermark that a record had at the end of one of its epochs, as far as its rows show.
pub(crate) fn stood_at(epoch: &Epoch, record: Watermark) -> Watermark {
    Watermark { block: epoch.block, time: epoch.time, observed: epoch.block.number, ..record }
}

/// The empty interval that begins at the end of an epoch's block.
pub(crate) fn open_at(block: BlockNumber) -> OpenInterval {
    OpenInterval { from: Some(block), ..OpenInterval::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{BlockHash, BlockRef, Millis};
    use crate::window::span::tests::epoch;

    #[test]
    fn only_the_end_of_an_epoch_that_is_there_is_taken_back_to() {
        let at = |number: u64, first: u64| {
            let epoch = epoch(number);
            Watermark {
                block: epoch.block,
                time: epoch.time,
                first_block: BlockNumber(first),
                first_time: Millis(first),
                observed: BlockNumber(3),
                spec_version: 7,
            }
        };
        let record = Some(at(70, 15));
        let (watermark, interval) = rewound(NetUid(2), record, Some(&epoch(40)), &at(40, 1)).unwrap();
        assert_eq!(watermark, Watermark { observed: BlockNumber(40), first_time: Millis(15), ..at(40, 15) });
        assert_eq!(interval, OpenInterval { from: Some(BlockNumber(40)), ..OpenInterval::default() });
        let fork = BlockRef { hash: BlockHash([9; 32]), ..at(40, 1).block };
        for (refused, words) in [
            (rewound(NetUid(2), None, Some(&epoch(40)), &at(40, 1)), "no record"),
            (rewound(NetUid(2), record, Some(&epoch(10)), &at(10, 1)), "begins at block 15"),
            (rewound(NetUid(2), record, None, &at(41, 1)), "no epoch at block 41"),
            (
                rewound(NetUid(2), record, Some(&epoch(40)), &Watermark { block: fork, ..at(40, 1) }),
                "another block 40",
            ),
            (
                rewound(NetUid(2), record, Some(&epoch(40)), &Watermark { time: Millis(1), ..at(40, 1) }),
                "another block 40",
            ),
        ] {
            assert!(
                matches!(&refused, Err(StoreError::Unusable(said)) if said.contains(words)),
                "{refused:?}"
            );
        }
    }
}
