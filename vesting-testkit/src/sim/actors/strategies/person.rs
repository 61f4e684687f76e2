//! A person: its coldkeys with their hotkeys, and the one that earns.

use vesting_core::{Coldkey, Hotkey, PositionKey};

use super::beginning::Beginning;
use crate::sim::Rng;

/// One coldkey of a person, with all keys that it was swapped from.
#[derive(Debug, Clone)]
pub(super) struct Seat {
    /// The coldkey's keys. The last is the present one.
    pub(super) coldkeys: Vec<Coldkey>,
    /// Its hotkeys. The last is the one that it uses.
    pub(super) hotkeys: Vec<Hotkey>,
}

/// A person that acts on the chain.
pub(super) struct Person {
    /// Its coldkeys at genesis.
    pub(super) beginnings: &'static [Beginning],
    /// Whether it sells; its twin does not.
    pub(super) sells: bool,
    pub(super) seats: Vec<Seat>,
    /// The seat whose last hotkey the person earns with.
    pub(super) earner: usize,
    /// Alpha that was sold and not bought back, in rao. It may buy this much.
    pub(super) proceeds: u64,
    /// All alpha that it sold, burned or gave away, in rao.
    pub(super) sold: u128,
    /// Its random numbers, the same as its twin's.
    pub(super) rng: Rng,
}

impl Person {
    pub(super) fn new(beginnings: &'static [Beginning], sells: bool, seed: u64) -> Self {
        let mut person = Self {
            beginnings,
            sells,
            seats: Vec::new(),
            earner: 0,
            proceeds: 0,
            sold: 0,
            rng: Rng::new(seed),
        };
        for Beginning { neurons, .. } in beginnings {
            let coldkeys = vec![Coldkey(person.key())];
            let hotkeys = (0..*neurons).map(|_| Hotkey(person.key())).collect();
            person.seats.push(Seat { coldkeys, hotkeys });
        }
        person
    }

    /// A new key. It differs from its twin's, though both draw the same numbers.
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
        for (seat, beginning) in self.seats.iter().zip(self.beginnings) {
            let Some(coldkey) = seat.coldkeys.first() else { continue };
            let mut stake = opening / 10 * beginning.tenths;
            for hotkey in &seat.hotkeys {
                neurons.push((*coldkey, *hotkey, beginning.weight, false, std::mem::take(&mut stake)));
            }
        }
        neurons
    }

    /// What its coldkeys without a neuron hold. It is delegated to the person's first hotkey in the first
    /// block.
    pub(super) fn delegated(&self, opening: u64) -> Vec<(PositionKey, u64)> {
        let bare = self
            .beginnings
            .iter()
            .enumerate()
            .filter(|(_, beginning)| beginning.neurons == 0 && beginning.tenths > 0);
        bare.filter_map(|(seat, beginning)| {
            let key = PositionKey { hotkey: self.hotkey(seat)?, coldkey: self.coldkey(seat)? };
            Some((key, opening / 10 * beginning.tenths))
        })
        .collect()
    }

    /// The present coldkey of a seat.
    pub(super) fn coldkey(&self, seat: usize) -> Option<Coldkey> {
        self.seats.get(seat)?.coldkeys.last().copied()
    }

    /// The hotkey that a seat uses; the person's first where the seat has none.
    pub(super) fn hotkey(&self, seat: usize) -> Option<Hotkey> {
        let own = self.seats.get(seat)?.hotkeys.last();
        own.or_else(|| self.seats.first()?.hotkeys.first()).copied()
    }

    /// The positions where a seat may hold alpha: on any hotkey of the person, and on the validator's.
    pub(super) fn positions(&self, seat: usize, validator: Hotkey) -> Vec<PositionKey> {
        let Some(coldkey) = self.coldkey(seat) else { return Vec::new() };
        let own = self.seats.iter().flat_map(|seat| seat.hotkeys.iter().rev().copied());
        own.chain([validator]).map(|hotkey| PositionKey { hotkey, coldkey }).collect()
    }
}
