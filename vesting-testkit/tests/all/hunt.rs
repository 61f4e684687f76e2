//! The laws on histories that the other tests do not cover. It runs for as many seeds as there is time for.
//!
//! `VESTING_TEST_SEEDS=1000..2000 cargo test -p vesting-testkit --test all -- --ignored --nocapture hunt`
//! names each seed that breaks one, and fails if any did.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use vesting_testkit::sim::Rng;

use super::{agree, prove, renamed, runtime};

/// The seeds that were asked for.
pub fn seeds() -> Range<u64> {
    let range = std::env::var("VESTING_TEST_SEEDS").expect("VESTING_TEST_SEEDS=FROM..TO");
    let (from, to) = range.split_once("..").expect("VESTING_TEST_SEEDS=FROM..TO");
    from.parse().unwrap()..to.parse().unwrap()
}

#[test]
#[ignore = "takes as long as it is given seeds for"]
fn hunt() {
    let Range { start: from, end: to } = seeds();
    let mut broken = Vec::new();
    for seed in from..to {
        let mut rng = Rng::new(seed ^ 0x5eed);
        let restarts: Vec<u64> = (0..rng.below(6)).map(|_| 1 + rng.below(399)).collect();
        let begins = [2 + rng.below(168), 2 + rng.below(168)];
        let lives =
            catch_unwind(AssertUnwindSafe(|| runtime().block_on(prove(seed, 300, &restarts)))).is_ok();
        let names = catch_unwind(AssertUnwindSafe(|| {
            runtime().block_on(agree(renamed(seed, 280), &begins, &restarts))
        }))
        .is_ok();
        if !(lives && names) {
            println!("seed {seed}: lived {lives}, renamed {names}, begins {begins:?}, restarts {restarts:?}");
            broken.push(seed);
        }
    }
    assert!(broken.is_empty(), "{} of {} seeds: {broken:?}", broken.len(), to - from);
}
