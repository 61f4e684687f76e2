//! Amounts that events leave out, and amounts whose meaning is not known.

use super::work::Work;
use crate::flow::classify::Leg;
use crate::ledger::Kind;
use crate::units::{PositionKey, RaoDelta};

/// The most removals of one group for which both meanings of the fee are tried.
const FEES_TRIED: usize = 6;

impl Work<'_> {
    /// Compares the amounts of a group with its balances, on a runtime whose amounts have no known meaning.
    /// An amount may include the fee or exclude it; the reading that fits the balances is taken. If none
    /// fits, the balances decide the amounts. A move credits what it debits in any case.
    pub(super) fn check_amounts(&mut self, group: &[PositionKey]) {
        let has_amount =
            |leg: &Leg| leg.alpha.is_some() && leg.kind != Kind::Moved && group.contains(&leg.key);
        let stated: Vec<usize> =
            (0..self.legs.len()).filter(|place| has_amount(&self.legs[*place])).collect();
        let fees: Vec<usize> =
            stated.iter().copied().filter(|place| self.legs[*place].fee.0 > 0).take(FEES_TRIED).collect();
        let claimed = self
            .states
            .flows
            .claims
            .iter()
            .any(|(_, claimer)| group.iter().any(|key| key.coldkey == *claimer));
        let (rest, noise, more) =
            (self.unexplained(group), self.rounding_limit(group), self.states.epoch.is_some() || claimed);
        let left = |choice: usize| {
            let inside = fees.iter().enumerate().filter(|(bit, _)| choice & (1 << bit) != 0);
            rest - inside.map(|(_, place)| self.legs[*place].fee).sum::<RaoDelta>()
        };
        // Dividends and claims may remain, and nothing says how much they are.
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
            None => stated.iter().for_each(|place| self.legs[*place].alpha = None),
        }
    }

    /// Works out amounts that the runtime leaves out. It starts where an amount is the only unknown. A move
    /// credits as much as it debits (docs/chain.md#moves-transfers-swaps). If the two positions differ by a
    /// rao, that is rounding.
    pub(super) fn fill_in(&mut self, groups: &[Vec<PositionKey>]) {
        // A move within one group shows nothing in its sum, and changes nothing.
        for place in 0..self.legs.len() {
            let leg = self.legs[place];
            let Some(other) = self.other_end(place).filter(|_| leg.alpha.is_none()) else { continue };
            let key = self.legs[other].key;
            if groups.iter().any(|group| group.contains(&leg.key) && group.contains(&key)) {
                self.fill(place, RaoDelta::ZERO);
            }
        }
        // Debits first: dividends of the same block may have been credited where they went.
        let mut progress = true;
        while progress {
            progress = [false, true]
                .into_iter()
                .any(|incoming| groups.iter().any(|group| self.fill_only(group, incoming)));
        }
        // Several unknowns of one position in one block cannot be separated, so the last one gets all of it.
        // Neither can dividends in an epoch's block; they make the debit smaller.
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

    /// Fills in the only unknown amount of a group, if it goes in this direction.
    pub(super) fn fill_only(&mut self, group: &[PositionKey], incoming: bool) -> bool {
        let mut unknown = (0..self.legs.len())
            .filter(|place| self.legs[*place].alpha.is_none() && group.contains(&self.legs[*place].key));
        let (Some(place), None) = (unknown.next(), unknown.next()) else { return false };
        let rest = self.unexplained(group);
        let fits = self.legs[place].incoming == incoming && (rest.is_zero() || incoming == (rest.0 > 0));
        if fits {
            self.fill(place, rest);
        }
        fits
    }

    /// Gives a leg its amount, and the other end of its move the opposite.
    pub(super) fn fill(&mut self, place: usize, alpha: RaoDelta) {
        let other = self.other_end(place);
        self.legs[place].alpha = Some(alpha);
        if let Some(other) = other {
            self.legs[other].alpha = Some(-alpha);
        }
    }

    /// The other end of a move, if its amount is unknown too.
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
