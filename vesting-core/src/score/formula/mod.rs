//! Formulas: how a holding becomes a factor. One file each.

mod any_formula;
mod built_in;
mod geometric_mean;
mod limited_by;
mod linear;
mod logarithm;
mod logarithmic;
mod part;
mod stake_tiers;
mod term;
mod tiered;

pub use any_formula::Formula;
pub use built_in::built_in;
pub use geometric_mean::GeometricMean;
pub use limited_by::LimitedBy;
pub use linear::Linear;
pub use logarithmic::Logarithmic;
pub use stake_tiers::{StakeTiers, Tier, TierStake};
pub use term::Term;
pub use tiered::Tiered;
