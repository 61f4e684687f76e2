//! The laws of changes that nothing explains.

use proptest::prelude::*;
use vesting_core::holding::Holding;
use vesting_core::multiplier::Multiplier;
use vesting_core::policy::UnattributedRule;
use vesting_core::{Entry, Kind};

use crate::history::{EPOCHS, TEMPO, entries, entry, is_sale, life};
use crate::outcome::{judge, policies, window};

proptest! {
    #[test]
    fn by_default_what_nothing_explains_is_no_sale(life in life(), epochs in 1..=EPOCHS) {
        let all = entries(&life);
        let sold = |(holding, _): &(Holding, Multiplier)| holding.sold;
        let expected = |rule| {
            let window = window(epochs);
            let inside = all.iter().filter(|e| e.block > window.start && e.block <= window.as_of.block.number);
            let went = |e: &Entry| e.kind == Kind::Unattributed && e.alpha.0 < 0;
            let gone = inside.filter(|e| is_sale(e) || (rule == UnattributedRule::Flow && went(e)));
            gone.map(|e| e.alpha.magnitude()).sum::<u128>()
        };
        for (judged, policy) in judge(&all, epochs).iter().zip(policies(&window(epochs))) {
            prop_assert_eq!(sold(judged), expected(policy.unattributed));
        }
    }

    #[test]
    fn what_nothing_explains_takes_no_reward_while_there_is_anything_older(
        life in life(), epochs in 1..=EPOCHS, block in TEMPO..EPOCHS * TEMPO, amount in 1i64..2_000,
    ) {
        let mut life = life;
        (life.deeds, life.noise) = (Vec::new(), Vec::new());
        life.opening += 2_000;
        let all = entries(&life);
        let mut gone = all.clone();
        gone.push(entry(block, None, Kind::Unattributed, -amount));
        vesting_core::sort_entries(&mut gone);
        let (before, after) = (judge(&all, epochs), judge(&gone, epochs));
        for ((before, after), policy) in before.iter().zip(&after).zip(policies(&window(epochs))) {
            if policy.unattributed == UnattributedRule::Neutral {
                prop_assert_eq!(before.0.rewards_kept, after.0.rewards_kept);
            } else {
                prop_assert!(after.0.rewards_kept <= before.0.rewards_kept);
            }
        }
    }
}
