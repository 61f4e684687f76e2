//! Formulas: how a holding becomes a factor. One file each.

mod any_formula;
mod built_in;
mod geometric_mean;
mod limited_by;
mod term;
mod tiered;

pub use any_formula::Formula;
pub use built_in::built_in;
pub use geometric_mean::GeometricMean;
pub use limited_by::LimitedBy;
pub use term::Term;
pub use tiered::Tiered;
