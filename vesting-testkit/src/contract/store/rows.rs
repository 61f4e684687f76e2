//! Single rows, made up.

use vesting_core::ports::BalanceChange;
use vesting_core::{
    BlockHash, BlockNumber, BlockRef, Coldkey, Entry, Epoch, Flow, Hotkey, Kind, Millis, NetUid, Phase,
    PositionKey, Rao, RaoDelta, Source, StakeChange, Uid,
};

use super::dice::Dice;

pub(super) const A: NetUid = NetUid(2);
pub(super) const B: NetUid = NetUid(3);
pub(super) const END: BlockNumber = BlockNumber(u64::MAX);
pub(super) const MOST: u64 = i64::MAX as u64;

/// The block of that height; another `fork` is another block.
#[must_use]
pub fn block(number: u64, fork: u8) -> BlockRef {
    let mut hash = [fork; 32];
    hash[..8].copy_from_slice(&number.to_be_bytes());
    BlockRef { number: BlockNumber(number), hash: BlockHash(hash) }
}

pub(super) fn position(hotkey: u8, coldkey: u8) -> PositionKey {
    PositionKey { hotkey: Hotkey([hotkey; 32]), coldkey: Coldkey([coldkey; 32]) }
}

pub(super) fn entry(
    netuid: NetUid,
    block: u64,
    index: Option<u32>,
    kind: Kind,
    key: PositionKey,
    alpha: i128,
) -> Entry {
    let phase = match index {
        Some(0) => Phase::Initialization,
        Some(1) => Phase::Finalization,
        other => Phase::Extrinsic(other.unwrap_or(0)),
    };
    let source = index.map(|event_index| Source { event_index, phase });
    Entry { netuid, block: BlockNumber(block), source, key, kind, alpha: RaoDelta(alpha) }
}

pub(super) fn epoch(number: u64) -> Epoch {
    Epoch {
        block: block(number, 0),
        pre_block: block(number - 1, 0),
        time: Millis(number * 12_000),
        index: number.is_multiple_of(2).then_some(number / 5),
        tempo: u16::MAX,
        registered_at: BlockNumber(1),
    }
}

pub(super) fn change(key: PositionKey, dice: &mut Dice) -> StakeChange {
    let mut part = || RaoDelta(i128::from(dice.roll(100)) - 50);
    StakeChange {
        manual_add: part(),
        manual_remove: part(),
        neutral: part(),
        true_emission: part(),
        incentive: part(),
        rounding: part(),
        unattributed: part(),
        uid: (dice.roll(2) > 0).then_some(Uid(u16::MAX)),
        key,
        before: Rao(dice.roll(1000)),
        after: Rao(dice.roll(1000)),
    }
}

pub(super) fn balance_change(number: u64, key: PositionKey, dice: &mut Dice) -> BalanceChange {
    let flows = [
        Flow::Opening,
        Flow::Emission,
        Flow::Inflow,
        Flow::Outflow,
        Flow::Neutral,
        Flow::Corrected,
        Flow::Rounding,
        Flow::Unattributed,
    ];
    // A flow without entries is left out; a flow whose entries sum to 0 stands there as 0.
    let by_flow = flows
        .into_iter()
        .map(|flow| (flow, dice.roll(3), dice.roll(5)))
        .filter(|(_, there, _)| *there > 0)
        .map(|(flow, _, sum)| (flow, RaoDelta(i128::from(sum) - 2)))
        .collect();
    BalanceChange {
        from: BlockNumber(number - 5),
        to: BlockNumber(number - 1),
        key,
        start: Rao(dice.roll(1000)),
        end: Rao(dice.roll(1000)),
        by_flow,
    }
}
