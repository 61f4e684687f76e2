//! Operations that are undone before an interval ends are found by following, which reads every block, and by
//! catching up.

use std::sync::{Arc, RwLock};

use proptest::prelude::*;
use vesting_core::policy::Policy;
use vesting_core::{
    BlockNumber, Coldkey, Entry, Flow, Hotkey, Kind, MemoryStore, Neuron, Pace, ScoredHolder, StakeTracker,
};
use vesting_testkit::sim::{Call, Generation, Operation, RandomLife, SimChain};

use crate::{NETUID, check_conservation, open, record, runtime};

/// A coldkey that owns a hotkey and is no holder.
const STRANGER: Coldkey = Coldkey([70; 32]);
/// The hotkey of that coldkey, on which the miner has some stake.
const STRANGE: Hotkey = Hotkey([71; 32]);
/// A coldkey that may act for the miner.
const AGENT: Coldkey = Coldkey([72; 32]);

/// A quiet chain at the beginning of a long interval.
struct Stage {
    chain: SimChain,
    miner: Neuron,
    /// A hotkey of another coldkey, on which the miner has nothing.
    elsewhere: Hotkey,
}

impl Stage {
    fn new(generation: Generation) -> Self {
        const SEED: u64 = 11;
        let mut chain = RandomLife::new(SEED).chain_of(generation, SEED, None);
        let miner = chain.neurons_at(NETUID, BlockNumber(0))[3];
        let elsewhere = chain.neurons_at(NETUID, BlockNumber(0))[4].hotkey;
        (0..40).for_each(|_| chain.step());
        // The epochs are far apart from here on.
        chain.queue(Call::SetTempo { netuid: NETUID, tempo: 60 });
        let (coldkey, netuid) = (miner.coldkey, NETUID);
        chain.queue(Call::SetProxy { coldkey, delegate: AGENT, may: true });
        chain.own_hotkey(STRANGE, STRANGER);
        chain.queue(Call::AddStake { coldkey, hotkey: STRANGE, netuid, alpha: 3_000_000_000 });
        (0..70).for_each(|_| chain.step());
        assert_eq!(chain.alpha(NETUID, elsewhere, miner.coldkey), 0);
        Self { chain, miner, elsewhere }
    }

    /// Records the same operations by following and by catching up. Returns the entries that only the one
    /// has, those that only the other has, and whether the reports agree.
    fn both_ways(mut self, deeds: &[(u64, Operation)]) -> (Vec<Entry>, Vec<Entry>, bool) {
        let begin = self.chain.head();
        for block in 1..=80 {
            deeds.iter().filter(|(at, _)| *at == block).for_each(|(_, deed)| self.chain.queue(deed.clone()));
            self.chain.step();
        }
        let last = self.chain.head();
        let chain = Arc::new(RwLock::new(self.chain));
        runtime().block_on(async {
            let mut found = Vec::new();
            for pace in [Pace::Following, Pace::CatchingUp] {
                let store = Arc::new(MemoryStore::new());
                let mut monitor = open(&chain, &store).await;
                monitor.advance(BlockNumber(1), last, pace, &mut |_| {}).await.unwrap();
                monitor.observe().await.unwrap();
                let (_, entries, epochs) = record(&store, NETUID).await;
                check_conservation(&chain.read().unwrap(), NETUID, &entries, &epochs);
                assert!(entries.iter().all(|entry| entry.flow() != Flow::Unattributed), "{pace:?}");
                assert!(
                    epochs.iter().any(|record| record.epoch.block.number > begin),
                    "the interval was closed"
                );
                let report = StakeTracker::new(store).report(NETUID, &Policy::default(), None).await.unwrap();
                found.push((entries, report));
            }
            let only = |a: usize, b: usize| {
                found[a].0.iter().filter(|entry| !found[b].0.contains(entry)).copied().collect::<Vec<_>>()
            };
            let multipliers = |way: usize| {
                let holders = found[way].1.holders.iter();
                holders
                    .map(|(coldkey, ScoredHolder { holding, multiplier, .. })| {
                        (*coldkey, holding.rewards, holding.rewards_kept, *multiplier)
                    })
                    .collect::<Vec<_>>()
            };
            (only(0, 1), only(1, 0), multipliers(0) == multipliers(1))
        })
    }
}

/// Two operations that undo each other.
#[derive(Debug, Clone, Copy)]
enum Undone {
    /// Alpha is bought on a hotkey without stake, and sold.
    Bought,
    /// Alpha is sold, and the same amount is bought back.
    Sold,
    /// Stake moves to a hotkey without stake, and back.
    Moved,
    /// Stake is transferred to another coldkey, and back.
    Transferred,
    /// A hotkey is swapped for another one, and back.
    Renamed,
}

impl Undone {
    const ALL: [Self; 5] = [Self::Bought, Self::Sold, Self::Moved, Self::Transferred, Self::Renamed];

    fn calls(self, stage: &Stage, alpha: u64) -> [Call; 2] {
        let (netuid, Neuron { coldkey, hotkey: own, .. }, fresh) = (NETUID, stage.miner, stage.elsewhere);
        let moved = |from, to, alpha| Call::MoveStake {
            coldkey,
            from,
            to,
            from_netuid: netuid,
            to_netuid: netuid,
            alpha,
        };
        let sent = |from, to, alpha| Call::TransferStake {
            from,
            to,
            hotkey: own,
            from_netuid: netuid,
            to_netuid: netuid,
            alpha,
        };
        let renamed = |old, new| Call::SwapHotkey { coldkey, old, new, netuid: None, keep: false };
        let other = Hotkey([77; 32]);
        match self {
            Self::Bought => [
                Call::AddStake { coldkey, hotkey: fresh, netuid, alpha },
                Call::RemoveStake { coldkey, hotkey: fresh, netuid, alpha: u64::MAX },
            ],
            Self::Sold => [
                Call::RemoveStake { coldkey, hotkey: own, netuid, alpha },
                Call::AddStake { coldkey, hotkey: own, netuid, alpha },
            ],
            Self::Moved => [moved(own, fresh, alpha), moved(fresh, own, u64::MAX)],
            Self::Transferred => [sent(coldkey, AGENT, alpha), sent(AGENT, coldkey, u64::MAX)],
            Self::Renamed => [renamed(own, other), renamed(other, own)],
        }
    }
}

fn kinds(entries: &[Entry]) -> Vec<Kind> {
    entries.iter().map(|entry| entry.kind).collect()
}

fn scheduled(call: Call) -> Operation {
    Operation { calls: vec![call], scheduled: true, ..Operation::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_holder_undoes_shows_in_an_account(
        what in prop::sample::select(&Undone::ALL[..]),
        today in any::<bool>(),
        by_proxy in any::<bool>(),
        together in any::<bool>(),
        at in 1u64..30,
        later in 1u64..30,
        alpha in 1u64..2_000_000_000,
    ) {
        let stage = Stage::new(if today { Generation::Today } else { Generation::Present });
        let signer = by_proxy.then_some(AGENT);
        let [first, second] = what.calls(&stage, alpha);
        let signed = |calls: Vec<Call>| Operation { calls, signer, ..Operation::default() };
        // The agent itself signs the transfer back.
        let deeds = match what {
            Undone::Transferred => vec![(at, signed(vec![first])), (at + later, second.into())],
            _ if together => vec![(at, signed(vec![first, second]))],
            _ => vec![(at, signed(vec![first])), (at + later, signed(vec![second]))],
        };
        prop_assert_eq!(stage.both_ways(&deeds), (vec![], vec![], true));
    }
}

#[test]
fn what_is_undone_across_an_upgrade_is_seen() {
    for what in Undone::ALL {
        let stage = Stage::new(Generation::Present);
        let [first, second] = what.calls(&stage, 7_000_000);
        let mut stage = stage;
        stage.chain.upgrade(Generation::Today);
        stage.chain.queue(first);
        assert_eq!(stage.both_ways(&[(20, second.into())]), (vec![], vec![], true), "{what:?}");
    }
}

#[test]
fn what_nobody_signed_is_read_once_something_is_missing() {
    let stage = Stage::new(Generation::Present);
    let (coldkey, hotkey, netuid) = (stage.miner.coldkey, stage.elsewhere, NETUID);
    // A root claim leaves no trace once it is burned, but the burning is signed.
    let claim = scheduled(Call::ClaimRoot { coldkey, hotkey, netuid, alpha: 5_000_000 });
    let burn = Call::Recycle { coldkey, hotkey, netuid, alpha: u64::MAX };
    assert_eq!(stage.both_ways(&[(10, claim), (20, burn.into())]), (vec![], vec![], true));
}

#[test]
fn what_others_do_and_undo_is_not_seen_and_changes_no_multiplier() {
    for generation in [Generation::Present, Generation::Today] {
        // The stake of a delegator moves with the hotkey. It is no sale, and the delegator signs nothing.
        let stage = Stage::new(generation);
        let (other, coldkey) = (Hotkey([77; 32]), STRANGER);
        let renamed = |old, new| Call::SwapHotkey { coldkey, old, new, netuid: None, keep: false }.into();
        let (followed, caught_up, agree) =
            stage.both_ways(&[(10, renamed(STRANGE, other)), (20, renamed(other, STRANGE))]);
        // Where pools have epochs, the shares are those of a pool that was opened again.
        let unseen = if generation == Generation::Today { vec![] } else { vec![Kind::KeySwap; 4] };
        assert_eq!((kinds(&followed), kinds(&caught_up), agree), (unseen, vec![], true), "{generation:?}");
    }
    // The scheduler burns what a root claim brought. Neither is signed.
    let stage = Stage::new(Generation::Present);
    let (coldkey, hotkey, netuid) = (stage.miner.coldkey, stage.elsewhere, NETUID);
    let claim = scheduled(Call::ClaimRoot { coldkey, hotkey, netuid, alpha: 5_000_000 });
    let burn = scheduled(Call::Recycle { coldkey, hotkey, netuid, alpha: u64::MAX });
    let (followed, caught_up, agree) = stage.both_ways(&[(10, claim), (20, burn)]);
    assert_eq!(
        (kinds(&followed), kinds(&caught_up), agree),
        (vec![Kind::RootClaim, Kind::Recycled], vec![], true)
    );
}

#[test]
fn a_transfer_out_and_back_that_no_account_shows_is_seen_where_its_shares_change_their_worth() {
    let unseen = |on_own: bool| {
        let gaps = (5..30).filter(|at| {
            let stage = Stage::new(Generation::Today);
            let (from, netuid) = (stage.miner.coldkey, NETUID);
            let hotkey = if on_own { stage.miner.hotkey } else { STRANGE };
            let sent = |from, to, alpha| {
                scheduled(Call::TransferStake {
                    from,
                    to,
                    hotkey,
                    from_netuid: netuid,
                    to_netuid: netuid,
                    alpha,
                })
            };
            let deeds = [(*at, sent(from, STRANGER, 7_000_000)), (at + 1, sent(STRANGER, from, u64::MAX))];
            let (followed, caught_up, _) = stage.both_ways(&deeds);
            let gap = vec![Kind::TransferredOut, Kind::TransferredIn];
            assert!(caught_up.is_empty() && [vec![], gap].contains(&kinds(&followed)), "{at}: {followed:?}");
            !followed.is_empty()
        });
        gaps.count()
    };
    // A dividend changes what a share is worth, and the new value is rounded.
    assert_eq!(unseen(true), 0);
    // This is the one gap (docs/chain.md#what-leaves-no-trace), unless the search reads a block between the
    // two.
    assert!(unseen(false) > 10);
}
