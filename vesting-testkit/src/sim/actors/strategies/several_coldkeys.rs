//! Strategies of a person with several coldkeys.

use super::beginning::{Beginning, RESERVE_WEIGHT, WEIGHT};
use super::strategy::{Honest, Strategy};
use super::turn::Turn;

const fn several(
    name: &'static str,
    tries: &'static str,
    coldkeys: &'static [Beginning],
    act: fn(&mut Turn<'_>),
) -> Strategy {
    Strategy { name, tries, coldkeys, honest: Honest::Holds, act }
}

const fn earns(tenths: u64, weight: u64) -> Beginning {
    Beginning { tenths, neurons: 1, weight }
}

/// A coldkey that owns no neuron.
const fn bare(tenths: u64) -> Beginning {
    Beginning { tenths, neurons: 0, weight: 0 }
}

/// Earns with one of `coldkeys` at a time, and sells what the one before earned. When a coldkey's turn comes
/// again, its sales have left the window.
fn rotate(turn: &mut Turn<'_>, coldkeys: u64) {
    let slot = turn.window().div_ceil(coldkeys - 1);
    let of = |epoch: u64| usize::try_from(epoch / slot % coldkeys).unwrap_or(0);
    if turn.every(slot, 3) {
        turn.earn_with(of(turn.epoch()));
    } else if turn.every(slot, 5) {
        turn.sell(of(turn.epoch() - slot), turn.reward() * slot);
    }
}

/// All strategies of a person with several coldkeys.
pub const SEVERAL_COLDKEYS: &[Strategy] = &[
    several(
        "transfers and sells there",
        "Transfers each reward to another coldkey, which sells it.",
        &[earns(10, WEIGHT), bare(0)],
        |turn| {
            if turn.every(1, 1) {
                turn.transfer(0, 1, turn.reward());
            } else if turn.every(1, 3) {
                turn.sell(1, u64::MAX);
            }
        },
    ),
    several(
        "lends over the epoch",
        "Has its stake with another coldkey at each epoch, which sells a tenth of it.",
        &[earns(10, WEIGHT), bare(0)],
        |turn| {
            if turn.is_last_before_epoch() {
                turn.transfer(0, 1, turn.held(0));
            } else if turn.every(1, 2) {
                turn.transfer(1, 0, turn.held(1) / 10 * 9);
            } else if turn.every(1, 4) {
                turn.sell(1, u64::MAX);
            }
        },
    ),
    several(
        "moves to a fresh coldkey",
        "Sells all and goes on under a coldkey without a past, twice a window.",
        &[earns(10, WEIGHT), bare(0), bare(0), bare(0), bare(0), bare(0)],
        |turn| {
            let slot = turn.window() / 2;
            let seat = usize::try_from(turn.epoch() / slot.max(1)).unwrap_or(0);
            if turn.every(slot, 3) && seat < 6 {
                turn.sell(seat - 1, u64::MAX);
                turn.register_anew(seat);
            }
        },
    ),
    several(
        "moves to a fresh coldkey with an old bag",
        "Sells all and goes on under a coldkey that held most of the opening and never earned.",
        &[earns(2, WEIGHT), bare(8)],
        |turn| {
            if turn.every(turn.window() / 2, 3) && turn.epoch() == turn.window() / 2 {
                turn.sell(0, u64::MAX);
                turn.register_anew(1);
            } else if turn.every(1, 5) {
                turn.sell(1, turn.reward() / 5);
            }
        },
    ),
    several(
        "moves on with its stake",
        "Sells, transfers the rest to a fresh coldkey, and earns there.",
        &[earns(10, WEIGHT), bare(0)],
        |turn| {
            if turn.epoch() == turn.window() / 2 && turn.blocks_since_epoch() == 3 {
                turn.sell(0, turn.reward() * turn.window() / 4);
                turn.register_anew(1);
            } else if turn.epoch() == turn.window() / 2 && turn.blocks_since_epoch() == 5 {
                turn.relocate(0, 1, turn.held(0));
            }
        },
    ),
    several(
        "comes and goes",
        "Sells and goes on under its other coldkey, twice a window, so that each starts anew.",
        &[earns(10, WEIGHT), bare(0)],
        |turn| {
            let slot = (turn.window() / 2).max(1);
            let seat = usize::try_from(turn.epoch() / slot % 2).unwrap_or(0);
            if turn.every(slot, 3) {
                turn.sell(1 - seat, turn.reward() * slot);
                turn.register_anew(seat);
            }
        },
    ),
    several(
        "rotates two coldkeys",
        "Earns with one coldkey for a window and sells with the other.",
        &[earns(5, WEIGHT - RESERVE_WEIGHT), earns(5, RESERVE_WEIGHT)],
        |turn| rotate(turn, 2),
    ),
    several(
        "rotates four coldkeys",
        "Earns with one of four coldkeys at a time and sells with the one before.",
        &[
            earns(3, WEIGHT - 3 * RESERVE_WEIGHT),
            earns(3, RESERVE_WEIGHT),
            earns(2, RESERVE_WEIGHT),
            earns(2, RESERVE_WEIGHT),
        ],
        |turn| rotate(turn, 4),
    ),
    several(
        "rotates ten coldkeys",
        "Earns with one of ten coldkeys at a time and sells with the one before.",
        &[
            earns(1, WEIGHT - 9 * RESERVE_WEIGHT),
            earns(1, RESERVE_WEIGHT),
            earns(1, RESERVE_WEIGHT),
            earns(1, RESERVE_WEIGHT),
            earns(1, RESERVE_WEIGHT),
            earns(1, RESERVE_WEIGHT),
            earns(1, RESERVE_WEIGHT),
            earns(1, RESERVE_WEIGHT),
            earns(1, RESERVE_WEIGHT),
            earns(1, RESERVE_WEIGHT),
        ],
        |turn| rotate(turn, 10),
    ),
    several(
        "one keeps, one sells",
        "Earns with two coldkeys at once: one keeps all, the other sells all.",
        &[earns(10, WEIGHT / 2), earns(0, WEIGHT / 2)],
        |turn| {
            if turn.every(1, 1) {
                turn.sell(1, turn.reward() / 2);
            }
        },
    ),
    several(
        "splits over four coldkeys",
        "Earns with four coldkeys at once and sells with one after the other.",
        &[earns(3, WEIGHT / 4), earns(3, WEIGHT / 4), earns(2, WEIGHT / 4), earns(2, WEIGHT / 4)],
        |turn| {
            if turn.every(1, 1) {
                turn.sell(usize::try_from(turn.epoch() % 4).unwrap_or(0), turn.reward());
            }
        },
    ),
    several(
        "sells the stake of another coldkey",
        "Keeps all rewards, and sells as much from a coldkey that never earned.",
        &[earns(5, WEIGHT), bare(5)],
        |turn| {
            if turn.every(1, 1) {
                turn.sell(1, turn.reward());
            }
        },
    ),
];
