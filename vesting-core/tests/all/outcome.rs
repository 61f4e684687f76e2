//! What becomes of a history under every policy.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use vesting_core::formula::{Formula, StakeTiers, Tier, TierStake, built_in};
use vesting_core::holding::Holding;
use vesting_core::kept::holdings;
use vesting_core::multiplier::{Multiplier, multiplier};
use vesting_core::policy::{DurationRule, Policy, UnattributedRule};
use vesting_core::window::Window;
use vesting_core::{
    BlockHash, BlockNumber, BlockRef, Coldkey, Entry, EntryId, Epoch, HolderTranches, Millis, Origin, Ppb,
    Rao, RaoDelta, TrancheHistory,
};

use crate::history::{BLOCK_MS, EPOCHS, KEY, TEMPO};

pub(crate) struct Played {
    pub(crate) tranches: HolderTranches,
    pub(crate) histories: Vec<TrancheHistory>,
}

pub(crate) fn play(entries: &[Entry], rule: UnattributedRule) -> Played {
    let mut tranches = HolderTranches::default();
    let mut histories: BTreeMap<EntryId, TrancheHistory> = BTreeMap::new();
    for entry in entries {
        let change = tranches.apply_by(entry, Millis(entry.block.0 * BLOCK_MS), rule);
        for exit in change.exits {
            histories.get_mut(&exit.tranche).unwrap().exits.push(exit);
        }
        if let Some(tranche) = change.opened {
            histories.insert(tranche.id, TrancheHistory { tranche, exits: Vec::new() });
        }
    }
    Played { tranches, histories: histories.into_values().collect() }
}

pub(crate) fn window(epochs: u64) -> Window {
    let block = |number: u64| BlockRef { number: BlockNumber(number), hash: BlockHash::default() };
    let all: Vec<Epoch> = (1..=EPOCHS)
        .map(|n| Epoch {
            block: block(n * TEMPO),
            pre_block: block(n * TEMPO - 1),
            time: Millis(n * TEMPO * BLOCK_MS),
            index: None,
            tempo: 10,
            registered_at: BlockNumber(0),
        })
        .collect();
    let length = Millis(epochs * TEMPO * BLOCK_MS);
    Window::ending_at(&all, BlockNumber(EPOCHS * TEMPO), length, (BlockNumber(1), Millis(0))).unwrap()
}

/// Tables of stake with lines among the amounts of these histories.
fn tables() -> [Arc<dyn Formula>; 2] {
    let tier = |(from, tenths): (u64, u64)| Tier { from: Rao(from), factor: Ppb(tenths * Ppb::ONE.0 / 10) };
    let tiers: Vec<Tier> = [(100, 11), (1_000, 12), (3_000, 15)].map(tier).into();
    TierStake::ALL.map(|on| -> Arc<dyn Formula> { Arc::new(StakeTiers { on, tiers: tiers.clone() }) })
}

/// A policy for every formula, duration rule, and rule for what nothing explains.
pub(crate) fn policies(window: &Window) -> Vec<Policy> {
    let rules = |formula: Arc<dyn Formula>| DurationRule::ALL.map(|rule| (Arc::clone(&formula), rule));
    let both = |(formula, rule): (Arc<dyn Formula>, _)| {
        UnattributedRule::ALL.map(|unattributed| (Arc::clone(&formula), rule, unattributed))
    };
    let all = built_in().into_iter().chain(tables()).flat_map(rules).flat_map(both);
    let capped = |(formula, rule, unattributed)| {
        [None, Some(Ppb::ONE)].map(|cap| (Arc::clone(&formula), rule, unattributed, cap))
    };
    all.flat_map(capped)
        .map(|(formula, duration_rule, unattributed, opening_cap)| Policy {
            formula,
            duration_rule,
            unattributed,
            opening_cap,
            minimum_stake: Rao(0),
            retention_window: window.length,
            ..Policy::default()
        })
        .collect()
}

/// What becomes of holders at the last epoch, over a window of so many epochs, under every policy.
pub(crate) fn judge_all(
    entries: &[Entry],
    holders: &[Coldkey],
    epochs: u64,
) -> Vec<BTreeMap<Coldkey, (Holding, Multiplier)>> {
    let window = window(epochs);
    let known: Vec<Entry> =
        entries.iter().filter(|e| e.block <= window.as_of.block.number).copied().collect();
    let of =
        |holder: &Coldkey| known.iter().filter(|e| e.key.coldkey == *holder).copied().collect::<Vec<_>>();
    let histories =
        |rule| holders.iter().flat_map(|holder| play(&of(holder), rule).histories).collect::<Vec<_>>();
    let starts = holders.iter().map(|coldkey| (*coldkey, window.start)).collect();
    let times = known.iter().map(|e| (e.block, Millis(e.block.0 * BLOCK_MS))).collect();
    let judge = |policy: &Policy| {
        let found = holdings(&window, &starts, &histories(policy.unattributed), policy, &times).unwrap();
        found
            .into_iter()
            .map(|(coldkey, holding)| (coldkey, (holding, multiplier(&holding, policy))))
            .collect()
    };
    policies(&window).iter().map(judge).collect()
}

/// The holding and multiplier of the holder under every policy.
pub(crate) fn judge(entries: &[Entry], epochs: u64) -> Vec<(Holding, Multiplier)> {
    judge_all(entries, &[KEY.coldkey], epochs).into_iter().map(|found| found[&KEY.coldkey]).collect()
}

/// The factors under every policy.
pub(crate) fn factors(entries: &[Entry], epochs: u64) -> Vec<Ppb> {
    judge(entries, epochs).into_iter().map(|(_, multiplier)| multiplier.factor).collect()
}

/// Names the first policy under which `better` has less.
pub(crate) fn none_is_less(better: &[Ppb], worse: &[Ppb]) -> Result<(), TestCaseError> {
    for ((better, worse), policy) in better.iter().zip(worse).zip(policies(&window(1))) {
        prop_assert!(better >= worse, "{}: {} is less than {}", policy.text(), better, worse);
    }
    Ok(())
}

/// Whether everything that leaves, by a sale or unexplained, from `block` up to the end of the window is
/// taken whole, and from rewards of the window only.
pub(crate) fn only_rewards_leave(
    entries: &[Entry],
    epochs: u64,
    block: BlockNumber,
    rule: UnattributedRule,
) -> bool {
    let window = window(epochs);
    let known: Vec<Entry> =
        entries.iter().filter(|e| e.block <= window.as_of.block.number).copied().collect();
    let histories = play(&known, rule).histories;
    let rewards =
        histories.iter().filter(|h| h.tranche.origin == Origin::Reward && h.tranche.id.block > window.start);
    let left: u64 =
        rewards.flat_map(|h| &h.exits).filter(|exit| exit.by.block >= block).map(|exit| exit.amount.0).sum();
    let sold: RaoDelta = known.iter().filter(|e| e.block >= block && e.alpha.0 < 0).map(|e| e.alpha).sum();
    u128::from(left) == sold.magnitude()
}
