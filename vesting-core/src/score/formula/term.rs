//! One term of a formula.

use crate::units::Ppb;

/// One term of a formula, worked out for a holding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// Its name in the formula.
    pub name: &'static str,
    /// Its value.
    pub value: Ppb,
    /// The most it can be.
    pub most: Ppb,
    /// What it is, in words.
    pub meaning: &'static str,
}
