//! The formulas of this crate.

use std::sync::Arc;

use crate::score::formula::any_formula::Formula;
use crate::score::formula::geometric_mean::GeometricMean;
use crate::score::formula::tiered::Tiered;

/// The formulas of this crate, the default first.
#[must_use]
pub fn built_in() -> [Arc<dyn Formula>; 2] {
    [Arc::new(GeometricMean), Arc::new(Tiered)]
}
