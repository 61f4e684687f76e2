//! A person: coldkeys with their hotkeys, and who of them earns.

use vesting_core::{Coldkey, Hotkey, PositionKey};

use super::strategy::{Beginning, Strategy};
use crate::sim::Rng;

/// One coldkey of a person, under all the names it had.
#[derive(Debug, Clone)]
pub(super) struct Seat {
    /// Its names; the last is the present one.
    pub(super) coldkeys: Vec<Coldkey>,
    /// Its hotkeys; the last is the one it goes by.
    pub(super) hotkeys: Vec<Hotkey>,
}

/// Somebody with a strategy.
pub(super) struct Person {
    pub(super) strategy: Strategy,
    /// Whether it gives anything away; its twin does not.
    pub(super) sells: bool,
    pub(super) seats: Vec<Seat>,
    /// Which seat's last hotkey the person earns with.
    pub(super) earner: usize,
    /// Alpha sold and not bought back, in rao: what there is to buy with.
    pub(super) purse: u64,
    /// All alpha sold or got rid of otherwise, in rao.
    pub(super) sold: u128,
    /// Draws the same numbers as the twin's.
    pub(super) rng: Rng,
}

impl Person {
    pub(super) fn new(strategy: Strategy, sells: bool, seed: u64) -> Self {
        let mut person =
            Self { strategy, sells, seats: Vec::new(), earner: 0, purse: 0, sold: 0, rng: Rng::new(seed) };
        for Beginning { neurons, .. } in strategy.coldkeys {
            let coldkeys = vec![Coldkey(person.key())];
            let hotkeys = (0..*neurons).map(|_| Hotkey(person.key())).collect();
            person.seats.push(Seat { coldkeys, hotkeys });
        }
        person
    }

    /// A key of its own: never its twin's, though they draw the same numbers.
    pub(super) fn key(&mut self) -> [u8; 32] {
        let mut key = self.rng.key();
        if let Some(first) = key.first_mut() {
            *first = (*first & 0xFE) | u8::from(self.sells);
        }
        key
    }

    /// The neurons at genesis: coldkey, hotkey, weight, whether it validates, stake.
    pub(super) fn neurons(&self, opening: u64) -> Vec<(Coldkey, Hotkey, u64, bool, u64)> {
        let mut neurons = Vec::new();
        for (seat, beginning) in self.seats.iter().zip(self.strategy.coldkeys) {
            let Some(coldkey) = seat.coldkeys.first() else { continue };
            let mut stake = opening / 10 * beginning.tenths;
            for hotkey in &seat.hotkeys {
                neurons.push((*coldkey, *hotkey, beginning.weight, false, std::mem::take(&mut stake)));
            }
        }
        neurons
    }

    /// What its coldkeys without a neuron hold, delegated to its first hotkey in the first block.
    pub(super) fn bags(&self, opening: u64) -> Vec<(PositionKey, u64)> {
        let bare = self
            .strategy
            .coldkeys
            .iter()
            .enumerate()
            .filter(|(_, beginning)| beginning.neurons == 0 && beginning.tenths > 0);
        bare.filter_map(|(seat, beginning)| {
            let key = PositionKey { hotkey: self.hotkey(seat)?, coldkey: self.coldkey(seat)? };
            Some((key, opening / 10 * beginning.tenths))
        })
        .collect()
    }

    /// The present name of a seat.
    pub(super) fn coldkey(&self, seat: usize) -> Option<Coldkey> {
        self.seats.get(seat)?.coldkeys.last().copied()
    }

    /// The hotkey that a seat goes by; the person's first where it has none.
    pub(super) fn hotkey(&self, seat: usize) -> Option<Hotkey> {
        let own = self.seats.get(seat)?.hotkeys.last();
        own.or_else(|| self.seats.first()?.hotkeys.first()).copied()
    }

    /// Where a seat may hold something: on any hotkey of the person, and on a validator's.
    pub(super) fn positions(&self, seat: usize, validator: Hotkey) -> Vec<PositionKey> {
        let Some(coldkey) = self.coldkey(seat) else { return Vec::new() };
        let own = self.seats.iter().flat_map(|seat| seat.hotkeys.iter().rev().copied());
        own.chain([validator]).map(|hotkey| PositionKey { hotkey, coldkey }).collect()
    }
}
