//! What a person got, epoch by epoch.

use vesting_core::holding::Holding;
use vesting_core::{BlockNumber, Ppb};

/// One coldkey as of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeatStanding {
    /// The incentive that its neurons get in the next epoch, to which its multiplier applies, in rao.
    pub earned: u128,
    /// Its multiplier; 0 where it gets no weight at all, `None` while it owns no neuron.
    pub multiplier: Option<Ppb>,
    /// Its holding; `None` while it is not a holder.
    pub holding: Option<Holding>,
}

/// A person as of an epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The epoch.
    pub as_of: BlockNumber,
    /// The person's coldkeys.
    pub seats: Vec<SeatStanding>,
}

impl Standing {
    /// The coldkey that earns the most.
    #[must_use]
    pub fn earner(&self) -> Option<usize> {
        (0..self.seats.len())
            .max_by_key(|seat| (self.seats.get(*seat).map(|s| s.earned), std::cmp::Reverse(*seat)))
    }

    /// What all coldkeys earn in the next epoch, in rao.
    #[must_use]
    pub fn earned(&self) -> u128 {
        self.seats.iter().map(|seat| seat.earned).sum()
    }

    /// The weight that the person gets: Σ earned · multiplier, in rao · ppb.
    #[must_use]
    pub fn weight(&self) -> u128 {
        self.seats.iter().map(|seat| seat.earned * u128::from(seat.multiplier.unwrap_or(Ppb::ONE).0)).sum()
    }
}

/// What a person got over the whole contest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Course {
    /// The incentive of all its epochs, in rao.
    pub rewards: u128,
    /// What it sold, burned or gave away from any coldkey, in rao.
    pub sold: u128,
    /// Its standing as of each epoch.
    pub standings: Vec<Standing>,
}

impl Course {
    /// The weight that it got up to each epoch, in rao · ppb.
    #[must_use]
    pub fn weights(&self) -> Vec<u128> {
        let mut sum = 0;
        self.standings
            .iter()
            .map(|standing| {
                sum += standing.weight();
                sum
            })
            .collect()
    }

    /// Its average multiplier, weighted by what it earned.
    #[must_use]
    pub fn average(&self) -> Option<Ppb> {
        let earned: u128 = self.standings.iter().map(Standing::earned).sum();
        let weight: u128 = self.standings.iter().map(Standing::weight).sum();
        weight.checked_div(earned).and_then(|ppb| u64::try_from(ppb).ok()).map(Ppb)
    }
}
