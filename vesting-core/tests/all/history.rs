//! Random histories of a holder.

use std::collections::BTreeMap;

use proptest::prelude::*;
use vesting_core::{BlockNumber, Coldkey, Entry, Hotkey, Kind, NetUid, Phase, PositionKey, RaoDelta, Source};

pub(crate) const KEY: PositionKey = PositionKey { hotkey: Hotkey([1; 32]), coldkey: Coldkey([2; 32]) };
pub(crate) const TEMPO: u64 = 10;
/// Blocks of 20 hours: a window of twelve epochs has a hundred days, so that every step of a formula is met.
pub(crate) const BLOCK_MS: u64 = 72_000_000;
pub(crate) const EPOCHS: u64 = 12;

/// What a holder does, by block; rewards come by themselves at every epoch.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    pub(crate) opening: u64,
    pub(crate) rewards: Vec<u64>,
    /// (epoch, block within it, what, amount); negative amounts leave.
    pub(crate) deeds: Vec<(u64, u64, i64)>,
    /// What nothing explains, alike.
    pub(crate) noise: Vec<(u64, u64, i64)>,
}

pub(crate) fn life() -> impl Strategy<Value = Life> {
    let deeds = prop::collection::vec((0..EPOCHS, 1..TEMPO, -3_000i64..3_000), 0..12);
    let noise = prop::collection::vec((0..EPOCHS, 1..TEMPO, -2_000i64..2_000), 0..4);
    let rewards = prop::collection::vec(0u64..2_000, usize::try_from(EPOCHS).unwrap());
    (0u64..20_000, rewards, deeds, noise).prop_map(|(opening, rewards, deeds, noise)| Life {
        opening,
        rewards,
        deeds,
        noise,
    })
}

pub(crate) fn entry(block: u64, index: Option<u32>, kind: Kind, alpha: i64) -> Entry {
    let source = index.map(|event_index| Source { event_index, phase: Phase::Extrinsic(1) });
    Entry {
        netuid: NetUid(1),
        block: BlockNumber(block),
        source,
        key: KEY,
        kind,
        alpha: RaoDelta(i128::from(alpha)),
    }
}

/// The entries of a life, none of which sells more than there is.
pub(crate) fn entries(life: &Life) -> Vec<Entry> {
    let mut all = vec![entry(TEMPO - 1, None, Kind::Opening, i64::try_from(life.opening).unwrap())];
    for (epoch, reward) in (1..).zip(&life.rewards) {
        all.push(entry(epoch * TEMPO, None, Kind::Incentive, i64::try_from(*reward).unwrap()));
    }
    for (index, (epoch, block, alpha)) in (0u32..).zip(&life.deeds) {
        let kind = if *alpha < 0 { Kind::StakeRemoved } else { Kind::StakeAdded };
        // With room between for what a test adds.
        all.push(entry((epoch + 1) * TEMPO + block, Some(index * 10), kind, *alpha));
    }
    // One a block and position.
    let noise: BTreeMap<u64, i64> =
        life.noise.iter().map(|(epoch, block, alpha)| ((epoch + 1) * TEMPO + block, *alpha)).collect();
    all.extend(noise.into_iter().map(|(block, alpha)| entry(block, None, Kind::Unattributed, alpha)));
    vesting_core::sort_entries(&mut all);
    let mut balance = 0i128;
    for entry in &mut all {
        entry.alpha.0 = entry.alpha.0.max(-balance);
        balance += entry.alpha.0;
    }
    all
}

pub(crate) fn is_sale(entry: &Entry) -> bool {
    entry.kind == Kind::StakeRemoved && entry.alpha.0 < 0
}

pub(crate) fn sales(entries: &[Entry]) -> Vec<usize> {
    (0..entries.len()).filter(|place| is_sale(&entries[*place])).collect()
}
