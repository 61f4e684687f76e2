//! The formulas of this crate.

use std::sync::Arc;

use crate::score::formula::any_formula::Formula;
use crate::score::formula::geometric_mean::GeometricMean;
use crate::score::formula::linear::Linear;
use crate::score::formula::logarithmic::Logarithmic;
use crate::score::formula::stake_tiers::StakeTiers;
use crate::score::formula::tiered::Tiered;

/// The formulas of this crate with their keys at the defaults, the default first. The table of
/// [`StakeTiers`] has no line then, which a policy does not accept.
#[must_use]
pub fn built_in() -> [Arc<dyn Formula>; 5] {
    [
        Arc::new(GeometricMean),
        Arc::new(Tiered),
        Arc::new(Linear),
        Arc::new(Logarithmic::default()),
        Arc::new(StakeTiers::default()),
    ]
}
