//! Compares some positions of a record with the chain.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use vesting_core::ports::{Ask, ChainPort, Commit, Roster, SubnetAsk};
use vesting_core::{Coldkey, Epoch, NetUid, PositionKey, RaoDelta};
use vesting_store::export::Checksum;

/// What was compared.
#[derive(Serialize)]
pub struct SpotCheck {
    block: u64,
    /// What the choice is computed from: the file's checksum.
    seed: String,
    /// The positions chosen.
    chosen: usize,
    /// The positions chosen and all others of their coldkeys.
    compared: usize,
}

impl SpotCheck {
    pub fn message(&self) -> String {
        format!(
            "At block {} the chain agrees with {} positions of the record, of which {} were chosen by the \
             checksum {}.",
            self.block, self.compared, self.chosen, self.seed
        )
    }
}

/// What a record says of its last epoch.
pub struct Stand {
    netuid: NetUid,
    epoch: Epoch,
    /// The sum of the entries of each position.
    sums: BTreeMap<PositionKey, RaoDelta>,
}

impl Stand {
    /// That of a record; `None` if it has no epoch.
    pub fn of(record: &Commit) -> Option<Self> {
        let epoch = record.epochs.last()?.epoch;
        let mut sums: BTreeMap<PositionKey, RaoDelta> = BTreeMap::new();
        for entry in record.entries.iter().filter(|entry| entry.block <= epoch.block.number) {
            *sums.entry(entry.key).or_default() += entry.alpha;
        }
        Some(Self { netuid: record.netuid, epoch, sums })
    }
}

/// Compares `count` positions at the last epoch, and all others of their coldkeys.
pub async fn spot_check(
    chain: &dyn ChainPort,
    stand: &Stand,
    seed: Checksum,
    count: usize,
) -> anyhow::Result<SpotCheck> {
    let (netuid, epoch, mut sums) = (stand.netuid, stand.epoch, stand.sums.clone());
    let block = epoch.block.number;
    let chosen = choose(sums.keys().copied().collect(), seed, count);
    let coldkeys: BTreeSet<Coldkey> = chosen.iter().map(|key| key.coldkey).collect();
    sums.retain(|key, _| coldkeys.contains(&key.coldkey));
    let expected = Roster { neurons: Vec::new(), positions: sums.keys().copied().collect() };
    let mut state =
        chain.read(block, &Ask::of(netuid, SubnetAsk::positions(coldkeys.clone(), expected))).await?;
    anyhow::ensure!(
        (state.facts.block, state.facts.time) == (epoch.block, epoch.time),
        "the record has the block {} at {} ms, but the chain {} at {} ms",
        epoch.block,
        epoch.time,
        state.facts.block,
        state.facts.time
    );
    let positions = state.take(netuid).positions;
    let keys: BTreeSet<PositionKey> =
        sums.keys().chain(positions.keys()).filter(|key| coldkeys.contains(&key.coldkey)).copied().collect();
    for key in &keys {
        let (said, read) =
            (sums.get(key).copied().unwrap_or_default(), positions.get(key).copied().unwrap_or_default());
        anyhow::ensure!(
            said == read.delta(),
            "subnet {netuid}, block {block}, hotkey {} of coldkey {}: the record says {said} rao, the chain \
             {read}",
            key.hotkey,
            key.coldkey
        );
    }
    Ok(SpotCheck { block: block.0, seed: seed.to_string(), chosen: chosen.len(), compared: keys.len() })
}

/// Chooses `count` keys by a seed: the same for everybody who has the file.
fn choose(mut keys: Vec<PositionKey>, seed: Checksum, count: usize) -> Vec<PositionKey> {
    let mut state = seed.0.iter().take(8).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    let mut chosen = Vec::new();
    while chosen.len() < count && !keys.is_empty() {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let place = (u128::from(mixed ^ (mixed >> 31)) * u128::try_from(keys.len()).unwrap_or(1)) >> 64;
        chosen.push(keys.swap_remove(usize::try_from(place).unwrap_or(0)));
    }
    chosen
}
