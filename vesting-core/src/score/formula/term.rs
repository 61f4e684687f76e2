//! One term of a formula.

use crate::units::Ppb;

/// One term of a formula, worked out for a holding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// Its name in the formula.
    pub name: &'static str,
    /// Its value.
    pub value: Ppb,
    /// The largest value it can have.
    pub most: Ppb,
    /// What it means, in words.
    pub meaning: &'static str,
}
