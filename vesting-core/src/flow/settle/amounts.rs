//! Amounts: those that events leave out, and those of which it is not known what they mean.

use super::work::Work;
use crate::flow::classify::Leg;
use crate::ledger::Kind;
use crate::units::{PositionKey, RaoDelta};

/// Removals of one position of which it is tried whether their fees are inside.
const FEES_TRIED: usize = 6;

impl Work<'_> {
    /// Compares the amounts told of a group with its balances, on a runtime of which it is not known what
    /// they mean. Fees may be inside the amounts or on top: what fits is taken. If nothing fits, balances
    /// tell the amounts. A move brings what it takes in any case.
    pub(super) fn bear_out(&mut self, group: &[PositionKey]) {
        let is_told = |leg: &Leg| leg.alpha.is_some() && leg.kind != Kind::Moved && group.contains(&leg.key);
        let told: Vec<usize> = (0..self.legs.len()).filter(|place| is_told(&self.legs[*place])).collect();
        let fees: Vec<usize> =
            told.iter().copied().filter(|place| self.legs[*place].fee.0 > 0).take(FEES_TRIED).collect();
        let claimed = self
            .states
            .flows
            .claims
            .iter()
            .any(|(_, claimer)| group.iter().any(|key| key.coldkey == *claimer));
        let (rest, noise, more) =
            (self.unexplained(group), self.noise(group), self.states.epoch.is_some() || claimed);
        let left = |choice: usize| {
            let inside = fees.iter().enumerate().filter(|(bit, _)| choice & (1 << bit) != 0);
            rest - inside.map(|(_, place)| self.legs[*place].fee).sum::<RaoDelta>()
        };
        // Dividends and claims may be left, and nothing tells how much.
        let fits = |left: RaoDelta| left.magnitude() <= noise || (more && left.0 > 0);
        let best = (0..1usize << fees.len())
            .min_by_key(|choice| (!fits(left(*choice)), left(*choice).magnitude(), *choice));
        let best = best
            .filter(|choice| fits(left(*choice)) && (left(*choice).is_zero() || !more || !fits(rest)))
            .or(fits(rest).then_some(0));
        match best {
            Some(choice) => {
                for (_, place) in fees.iter().enumerate().filter(|(bit, _)| choice & (1 << bit) != 0) {
                    let leg = &mut self.legs[*place];
                    leg.alpha = leg.alpha.map(|alpha| alpha + leg.fee);
                }
            }
            None => told.iter().for_each(|place| self.legs[*place].alpha = None),
        }
    }

    /// Works out amounts that the runtime leaves out, from where they are the only unknown on. A move brings
    /// as much as it takes (docs/chain.md#moves-transfers-swaps); if the two positions tell otherwise by a
    /// rao, that is rounding.
    pub(super) fn fill_in(&mut self, groups: &[Vec<PositionKey>]) {
        // A move between positions that are one tells nothing, and changes nothing.
        for place in 0..self.legs.len() {
            let leg = self.legs[place];
            let Some(other) = self.other_end(place).filter(|_| leg.alpha.is_none()) else { continue };
            let key = self.legs[other].key;
            if groups.iter().any(|group| group.contains(&leg.key) && group.contains(&key)) {
                self.fill(place, RaoDelta::ZERO);
            }
        }
        // What leaves first: dividends of the same block may have come to where it went.
        let mut progress = true;
        while progress {
            progress = [false, true]
                .into_iter()
                .any(|incoming| groups.iter().any(|group| self.fill_only(group, incoming)));
        }
        // Several unknowns of one position in one block cannot be told apart: the last one gets it all. In
        // an epoch's block neither can dividends, and what goes out is then less by them.
        if self.legs.iter().all(|leg| leg.alpha.is_some()) {
            return;
        }
        for group in groups {
            let rest = self.unexplained(group);
            let last = (0..self.legs.len()).rev().find(|place| {
                let leg = &self.legs[*place];
                leg.alpha.is_none() && leg.incoming == (rest.0 > 0) && group.contains(&leg.key)
            });
            if let Some(place) = last.filter(|_| !rest.is_zero()) {
                self.fill(place, rest);
            }
        }
    }

    /// Fills in the only amount of a group that is left out, if it went in this direction.
    pub(super) fn fill_only(&mut self, group: &[PositionKey], incoming: bool) -> bool {
        let mut untold = (0..self.legs.len())
            .filter(|place| self.legs[*place].alpha.is_none() && group.contains(&self.legs[*place].key));
        let (Some(place), None) = (untold.next(), untold.next()) else { return false };
        let rest = self.unexplained(group);
        let fits = self.legs[place].incoming == incoming && (rest.is_zero() || incoming == (rest.0 > 0));
        if fits {
            self.fill(place, rest);
        }
        fits
    }

    /// Gives a leg its amount, and the other end of a move the same.
    pub(super) fn fill(&mut self, place: usize, alpha: RaoDelta) {
        let other = self.other_end(place);
        self.legs[place].alpha = Some(alpha);
        if let Some(other) = other {
            self.legs[other].alpha = Some(-alpha);
        }
    }

    /// The other end of a move, if its amount is left out too.
    pub(super) fn other_end(&self, place: usize) -> Option<usize> {
        let leg = self.legs[place];
        let fits = |other: &Leg| {
            other.kind == Kind::Moved
                && other.incoming != leg.incoming
                && other.source.phase == leg.source.phase
                && other.alpha.is_none()
        };
        match (leg.kind, leg.incoming) {
            (Kind::Moved, true) => (0..place).rev().find(|place| fits(&self.legs[*place])),
            (Kind::Moved, false) => (place + 1..self.legs.len()).find(|place| fits(&self.legs[*place])),
            _ => None,
        }
    }
}
