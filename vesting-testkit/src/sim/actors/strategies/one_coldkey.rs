//! Strategies of a person with one coldkey.

use super::beginning::{ALONE, Beginning};
use super::strategy::{Honest, Strategy};
use super::turn::Turn;

/// The default minimum stake, in rao.
const MINIMUM: u64 = 300_000_000;

const fn holding(name: &'static str, tries: &'static str, act: fn(&mut Turn<'_>)) -> Strategy {
    Strategy { name, tries, coldkeys: ALONE, honest: Honest::Holds, act }
}

const fn delegating(name: &'static str, tries: &'static str, act: fn(&mut Turn<'_>)) -> Strategy {
    Strategy { name, tries, coldkeys: ALONE, honest: Honest::Delegates, act }
}

/// A person that acts at random.
pub const RANDOM: Strategy = holding(
    "sells at random",
    "Sells, buys back, moves, swaps its keys and registers anew whenever it pleases.",
    |turn| {
        let draw = turn.below(60);
        let part = turn.below(3 * turn.reward().max(1));
        match draw {
            0..=3 => turn.sell(0, part),
            4 => turn.sell(0, u64::MAX),
            5..=7 => turn.buy(0, part),
            8 => turn.buy(0, u64::MAX),
            9 => turn.gather(0),
            10 => turn.sell_among_moves(0, part),
            11 => turn.burn(0, part),
            12 => turn.pay_as_fee(0, part),
            // Not close to an epoch, so that the new hotkey does not miss it.
            13 if turn.blocks_since_epoch() == 5 => turn.register_anew(0),
            14 if turn.blocks_since_epoch() == 5 => turn.swap_hotkey(0, part.is_multiple_of(2)),
            15 if turn.blocks_since_epoch() == 5 => turn.swap_coldkey(0),
            _ => {}
        }
    },
);

/// All strategies of a person with one coldkey.
pub const ONE_COLDKEY: &[Strategy] = &[
    holding("sells everything", "Sells all it has, opening and all, after each epoch.", |turn| {
        if turn.blocks_since_epoch() == 1 {
            turn.sell(0, u64::MAX);
        }
    }),
    holding("sells every reward", "Keeps its opening and sells each reward once it is there.", |turn| {
        if turn.every(1, 1) {
            turn.sell(0, turn.reward());
        }
    }),
    holding("sells half", "Sells half of each reward.", |turn| {
        if turn.every(1, 1) {
            turn.sell(0, turn.reward() / 2);
        }
    }),
    holding(
        "sells the slack of the target",
        "Sells the tenth that the retention target of 0.9 leaves free.",
        |turn| {
            if turn.every(1, 1) {
                turn.sell(0, turn.reward() / 10);
            }
        },
    ),
    holding(
        "sells in the epoch's block",
        "Sells each reward in the block that brought it, so that it is never seen.",
        |turn| {
            if turn.every(1, 0) {
                turn.sell(0, turn.reward());
            }
        },
    ),
    holding(
        "sells by schedule",
        "Has each reward sold inside initialization, where emission is too.",
        |turn| {
            if turn.every(1, 0) {
                turn.sell_scheduled(0, turn.reward());
            }
        },
    ),
    RANDOM,
    holding(
        "buys back before the epoch",
        "Sells all after each epoch and buys it back before the next.",
        |turn| {
            if turn.blocks_since_epoch() == 1 {
                turn.sell(0, u64::MAX);
            }
            if turn.is_last_before_epoch() {
                turn.buy(0, u64::MAX);
            }
        },
    ),
    holding("buys first", "Buys after the reward, so that what it sells later is what it bought.", |turn| {
        if turn.blocks_since_epoch() == 1 && turn.epoch() == 1 {
            turn.sell(0, u64::MAX);
        } else if turn.blocks_since_epoch() == 1 {
            turn.buy(0, u64::MAX);
        } else if turn.is_last_before_epoch() && turn.epoch() > 1 {
            turn.sell(0, turn.held(0) / 2);
        }
    }),
    holding(
        "washes small amounts",
        "Sells a fiftieth of a reward in one block and buys it back in the next, all the time.",
        |turn| {
            if turn.blocks_since_epoch().is_multiple_of(2) {
                turn.sell(0, turn.reward() / 50);
            } else {
                turn.buy(0, u64::MAX);
            }
        },
    ),
    holding(
        "stays under a thousandth",
        "Every ten days sells a little less than 0.1 % of what a window brings.",
        |turn| {
            if turn.every(10, 3) {
                turn.sell(0, turn.reward() * turn.window() / 1_001);
            }
        },
    ),
    holding(
        "sells down to the minimum",
        "Keeps the minimum stake at each epoch and not a rao more.",
        |turn| {
            if turn.every(1, 0) {
                turn.sell(0, (turn.held(0) + turn.reward()).saturating_sub(MINIMUM));
            }
        },
    ),
    holding(
        "sells to just under the minimum",
        "Keeps a rao less than the minimum stake at each epoch.",
        |turn| {
            if turn.every(1, 0) {
                turn.sell(0, (turn.held(0) + turn.reward()).saturating_sub(MINIMUM - 1));
            }
        },
    ),
    holding(
        "sells what leaves the window",
        "Keeps each reward for a window and sells as much as leaves it.",
        |turn| {
            if turn.every(1, 1) && turn.epoch() > turn.window() {
                turn.sell(0, turn.reward());
            }
        },
    ),
    holding(
        "sells a window's rewards at once",
        "Hoards for a window, then sells it all just after an epoch.",
        |turn| {
            if turn.every(turn.window(), 1) {
                turn.sell(0, turn.reward() * turn.window());
            }
        },
    ),
    holding(
        "sells before it is asked",
        "Hoards for a window, sells it all in the last block before an epoch, buys back after it.",
        |turn| {
            if turn.is_last_before_epoch() && turn.epoch().is_multiple_of(turn.window()) {
                turn.sell(0, turn.reward() * turn.window());
            }
            if turn.blocks_since_epoch() == 1 {
                turn.buy(0, u64::MAX);
            }
        },
    ),
    holding(
        "sells early, then never again",
        "Sells every reward of the first window, and buys it all back at its end.",
        |turn| {
            if turn.every(1, 1) && turn.epoch() < turn.window() {
                turn.sell(0, turn.reward());
            } else if turn.epoch() == turn.window() {
                turn.buy(0, u64::MAX);
            }
        },
    ),
    holding("hops hotkeys", "Sells, moves the rest to a new hotkey, and registers that one.", |turn| {
        if turn.every(5, 3) {
            turn.sell(0, turn.reward() * 4);
            turn.register_anew(0);
        } else if turn.blocks_since_epoch() == 5 {
            turn.gather(0);
        }
    }),
    holding(
        "registers again",
        "Sells, lets its neuron be replaced, and registers the same hotkey again.",
        |turn| {
            if turn.every(6, 3) {
                turn.sell(0, turn.reward() * 5);
                turn.register_anew(0);
            } else if turn.every(6, 5) {
                turn.register_again(0);
            }
        },
    ),
    Strategy {
        name: "splits over five hotkeys",
        tries: "Earns with five hotkeys and sells from one of them.",
        coldkeys: &[Beginning { tenths: 10, neurons: 5, weight: 200 }],
        honest: Honest::Holds,
        act: |turn| {
            if turn.every(1, 2) {
                turn.sell(0, turn.reward() / 5);
            }
        },
    },
    holding("swaps its hotkey", "Sells and gives its hotkey another name.", |turn| {
        if turn.every(7, 2) {
            turn.sell(0, turn.reward() * 5);
        } else if turn.every(7, 4) {
            turn.swap_hotkey(0, false);
        }
    }),
    holding(
        "leaves its stake on the old hotkey",
        "Swaps its hotkey without the stake, and sells that from the old one.",
        |turn| {
            if turn.every(7, 2) {
                turn.swap_hotkey(0, true);
            } else if turn.every(7, 4) {
                turn.sell(0, turn.reward() * 5);
            }
        },
    ),
    holding("swaps its coldkey, then sells", "Sells only under a new name.", |turn| {
        if turn.every(9, 2) {
            turn.swap_coldkey(0);
        } else if turn.every(9, 4) {
            turn.sell(0, turn.reward() * 5);
        }
    }),
    holding("sells, then swaps its coldkey", "Leaves its sales behind under the old name.", |turn| {
        if turn.every(9, 2) {
            turn.sell(0, turn.reward() * 5);
        } else if turn.every(9, 4) {
            turn.swap_coldkey(0);
        }
    }),
    holding(
        "swaps its coldkey there and back",
        "Sells, takes a new name and then its old one again.",
        |turn| {
            if turn.every(9, 2) {
                turn.sell(0, turn.reward() * 5);
            } else if turn.every(9, 3) {
                turn.swap_coldkey(0);
            } else if turn.every(9, 6) {
                turn.swap_coldkey_back(0);
            }
        },
    ),
    delegating(
        "parks on a validator",
        "Moves its stake to a validator's hotkey and sells half of each reward there.",
        |turn| {
            if turn.blocks_since_epoch() == 2 {
                turn.delegate(0);
            } else if turn.every(1, 4) {
                turn.sell(0, turn.reward() / 2);
            }
        },
    ),
    delegating(
        "stakes its incentive elsewhere",
        "Has its incentive staked on a validator's hotkey, and sells half of it there.",
        |turn| {
            if turn.blocks_since_epoch() == 1 && turn.epoch() == 0 {
                turn.auto_stake(0);
            }
            if turn.blocks_since_epoch() == 2 {
                turn.delegate(0);
            } else if turn.every(1, 4) {
                turn.sell(0, turn.reward() / 2);
            }
        },
    ),
    delegating(
        "lives on dividends",
        "Delegates all it has and sells as much as its incentive: the dividends are left.",
        |turn| {
            if turn.blocks_since_epoch() == 2 {
                turn.delegate(0);
            } else if turn.every(1, 4) {
                turn.sell(0, turn.reward());
            }
        },
    ),
    holding("recycles and burns", "Gets rid of each reward without selling it.", |turn| {
        if turn.every(2, 1) {
            turn.recycle(0, turn.reward());
        } else if turn.every(1, 1) {
            turn.burn(0, turn.reward());
        }
    }),
    holding(
        "sells on another subnet",
        "Swaps its stake to another subnet after each epoch, and most of it back before the next.",
        |turn| {
            if turn.blocks_since_epoch() == 1 {
                turn.swap_away(0, turn.held(0) / 2);
            } else if turn.is_last_before_epoch() {
                turn.swap_back(0);
            }
        },
    ),
    holding(
        "sells among moves",
        "Hides each sale in a batch, between a move there and a move back.",
        |turn| {
            if turn.every(1, 2) {
                turn.sell_among_moves(0, turn.reward());
            }
        },
    ),
    holding("pays fees in alpha", "Pays its rewards as fees of calls that fail.", |turn| {
        if turn.every(1, 2) {
            turn.pay_as_fee(0, turn.reward() / 2);
        }
    }),
];
