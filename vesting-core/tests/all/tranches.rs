//! The laws of tranches.

use proptest::prelude::*;
use vesting_core::policy::UnattributedRule;
use vesting_core::{BlockNumber, HolderTranches, Kind, Millis, RaoDelta, Tranche};

use crate::history::{BLOCK_MS, KEY, entries, entry, life};
use crate::outcome::play;

proptest! {
    #[test]
    fn tranches_hold_the_stake_and_exits_never_exceed_them(life in life()) {
        let entries = entries(&life);
        let stake: RaoDelta = entries.iter().map(|e| e.alpha).sum();
        for rule in UnattributedRule::ALL {
            let played = play(&entries, rule);
            prop_assert_eq!(played.tranches.stake(), stake);
            for history in &played.histories {
                let left: u64 = history.exits.iter().map(|e| e.amount.0).sum();
                prop_assert!(left <= history.tranche.initial.0);
            }
        }
    }

    #[test]
    fn a_restart_anywhere_changes_nothing(life in life(), at in any::<prop::sample::Index>()) {
        let all = entries(&life);
        let at = at.index(all.len());
        let whole = play(&all, UnattributedRule::Neutral).tranches;
        let before = play(&all[..at], UnattributedRule::Neutral).tranches;
        let mut resumed = HolderTranches::resume(before.open().to_vec(), before.stake());
        for entry in &all[at..] {
            resumed.apply(entry, Millis(entry.block.0 * BLOCK_MS));
        }
        prop_assert_eq!(resumed, whole);
    }
}

#[test]
fn a_tranche_names_its_holder_and_entry() {
    let change = HolderTranches::default().apply(&entry(5, None, Kind::Incentive, 7), Millis(60_000));
    let Some(Tranche { coldkey, id, initial, .. }) = change.opened else { panic!("no tranche") };
    assert_eq!((coldkey, id.block, initial.0), (KEY.coldkey, BlockNumber(5), 7));
}
