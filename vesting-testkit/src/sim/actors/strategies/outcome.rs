//! The outcome of a contest, and what counts as a win.

use super::course::Course;
use super::strategy::{Honest, Strategy};

/// A strategist and its twin.
pub struct Rival {
    /// Its strategy.
    pub strategy: Strategy,
    /// What it got.
    pub course: Course,
    /// What its twin got, which did the same and sold nothing.
    pub twin: Course,
}

/// What everybody got under a policy.
pub struct Outcome {
    /// The honest holder.
    pub holder: Course,
    /// The honest holder who delegates.
    pub delegator: Course,
    /// The strategists.
    pub rivals: Vec<Rival>,
}

impl Outcome {
    /// The honest holder with whom a strategy is compared.
    #[must_use]
    pub const fn honest(&self, strategy: &Strategy) -> &Course {
        match strategy.honest {
            Honest::Holds => &self.holder,
            Honest::Delegates => &self.delegator,
        }
    }
    /// Every way in which a person that sold got more than one that did not, and every inequality that makes
    /// the comparison unfair. These hold as of every epoch, or else are listed:
    ///
    /// - all earn the same;
    /// - no coldkey that earns has a higher multiplier than the twin's with the same rewards, opening and
    ///   start;
    /// - nobody with one coldkey has a higher multiplier than the honest holder;
    /// - nobody, with any number of coldkeys, has got more weight up to there than the honest holder.
    #[must_use]
    pub fn wins(&self) -> Vec<String> {
        self.rivals.iter().flat_map(|rival| self.wins_of(rival)).collect()
    }

    fn wins_of(&self, rival: &Rival) -> Vec<String> {
        let (name, honest) = (rival.strategy.name, self.honest(&rival.strategy));
        let mut wins = Vec::new();
        let weights = rival.course.weights().into_iter().zip(honest.weights());
        let rows =
            rival.course.standings.iter().zip(&rival.twin.standings).zip(&honest.standings).zip(weights);
        for (((own, twin), honest), (weight, most)) in rows {
            let mut say = |what: String| wins.push(format!("{name}, as of {}: {what}", own.as_of));
            if own.earned() != honest.earned() {
                say(format!("earns {}, the honest holder {}", own.earned(), honest.earned()));
            }
            for (seat, same) in own.seats.iter().zip(&twin.seats).filter(|(seat, _)| seat.earned > 0) {
                if seat.earned != same.earned {
                    say(format!("earns {}, its twin {}", seat.earned, same.earned));
                }
                if seat.multiplier > same.multiplier {
                    say(format!("{:?}, its twin {:?}", seat.multiplier, same.multiplier));
                }
            }
            if let ([seat], [same]) = (own.seats.as_slice(), honest.seats.as_slice())
                && seat.multiplier > same.multiplier
            {
                say(format!("{:?}, the honest holder {:?}", seat.multiplier, same.multiplier));
            }
            if weight > most {
                say(format!("a weight of {weight}, the honest holder {most}"));
            }
        }
        wins
    }

    /// The number of epochs as of which a strategist gets more weight than the honest holder.
    #[must_use]
    pub fn ahead(&self, rival: &Rival) -> usize {
        let rows = rival.course.standings.iter().zip(&self.honest(&rival.strategy).standings);
        rows.filter(|(own, honest)| own.weight() > honest.weight()).count()
    }
}
