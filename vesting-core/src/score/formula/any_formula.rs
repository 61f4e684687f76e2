//! What every formula does.

use std::fmt;

use crate::score::formula::limited_by::LimitedBy;
use crate::score::formula::term::Term;
use crate::score::holding::Holding;
use crate::score::policy::Policy;
use crate::units::Ppb;

/// A way to turn a holding into a factor.
///
/// A subnet with a formula of its own implements this and sets [`Policy::formula`]; nothing else
/// changes. `examples/own-formula` in the repository is a whole program that does so with this crate
/// alone.
pub trait Formula: Send + Sync {
    /// Its name in the configuration and in [`Policy::text`]. It stands for the formula with all its
    /// constants: validators whose policies name the same formula must compute the same.
    fn name(&self) -> &'static str;

    /// The factor in parts per billion of a holding that earned something, from 1 to the policy's
    /// `max_multiplier`, and what keeps it from being larger. In integers only, so that it is the same
    /// everywhere. How long was held is [`Holding::duration`], by the policy's rule. `None` only for
    /// amounts beyond what a chain can hold.
    fn factor(&self, holding: &Holding, policy: &Policy) -> Option<(Ppb, LimitedBy)>;

    /// The terms that the factor is made of, to explain it; what they are is each formula's own.
    fn terms(&self, _holding: &Holding, _policy: &Policy) -> Vec<Term> {
        Vec::new()
    }

    /// What a policy asks of this formula that it cannot give, in words.
    fn warnings(&self, _policy: &Policy) -> Vec<String> {
        Vec::new()
    }
}

impl fmt::Debug for dyn Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
