//! What every formula does.

use std::fmt;

use crate::score::formula::limited_by::LimitedBy;
use crate::score::formula::term::Term;
use crate::score::holding::Holding;
use crate::score::policy::{Policy, PolicyError};
use crate::units::Ppb;

/// Turns a holding into a factor.
///
/// A subnet with its own formula implements this trait and sets [`Policy::formula`]. Nothing else changes.
/// `examples/own-formula` in the repository is a whole program that does so with this crate alone.
pub trait Formula: Send + Sync {
    /// Its name in the configuration and in [`Policy::text`]. The name stands for the formula with all its
    /// constants: validators whose policies name the same formula, with the same keys, must compute the same.
    fn name(&self) -> &'static str;

    /// Its own keys with their values, as lines of [`Policy::text`] after its name. Everything that can be set
    /// and bears on a factor must be here. A key is of lower-case letters, digits and `_`, and none of the
    /// policy's; a value is one line of ASCII.
    fn keys(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Checks its keys.
    ///
    /// # Errors
    /// The first impossible value, with its key and what is wrong.
    fn check(&self, _policy: &Policy) -> Result<(), PolicyError> {
        Ok(())
    }

    /// The factor of a holding with rewards, and what keeps it from being larger. The factor is from 1 to the
    /// policy's `max_multiplier`, in parts per billion. It must be computed in integers only, so that it is
    /// the same everywhere. [`Holding::duration`] is the time held, by the policy's rule. `None` only for
    /// amounts beyond what a chain can hold.
    fn factor(&self, holding: &Holding, policy: &Policy) -> Option<(Ppb, LimitedBy)>;

    /// The largest factor that it gives under a policy.
    fn most(&self, policy: &Policy) -> Ppb {
        policy.max_multiplier
    }

    /// The factor of a holder that earned nothing in the window, and what keeps it from being larger.
    fn nothing_earned(&self, _holding: &Holding, _policy: &Policy) -> (Ppb, LimitedBy) {
        (Ppb::ONE, LimitedBy::NothingEarned)
    }

    /// The terms of the factor, to explain it. Each formula has its own.
    fn terms(&self, _holding: &Holding, _policy: &Policy) -> Vec<Term> {
        Vec::new()
    }

    /// What a policy asks of this formula and cannot get, in words.
    fn warnings(&self, _policy: &Policy) -> Vec<String> {
        Vec::new()
    }
}

impl fmt::Debug for dyn Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
