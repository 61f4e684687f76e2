//! Why weights cannot be adjusted.

/// Why weights cannot be adjusted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The lists have different lengths.
    #[error("`{what}` has {found} entries, but `weights` has {weights}: they belong together one by one")]
    Length {
        /// Which list.
        what: &'static str,
        /// How long it is.
        found: usize,
        /// How many weights there are.
        weights: usize,
    },
    /// The weights name neither hotkeys nor uids.
    #[error("`weights` stand alone: give `hotkeys`, or `uids`, or both")]
    Nameless,
    /// A weight is negative or not finite.
    #[error("weight {index} is {value}: weights must be finite and not negative")]
    Value {
        /// Its place, from 0.
        index: usize,
        /// What it is.
        value: f64,
    },
    /// The sum of the weights is more than a float can hold.
    #[error("the weights add up to more than a number can hold: scale them down")]
    Overflow,
    /// A hotkey is given twice.
    #[error("hotkey {0} stands in `hotkeys` twice")]
    DuplicateHotkey(String),
    /// A uid is given twice.
    #[error("uid {0} stands in `uids` twice")]
    DuplicateUid(u16),
    /// A uid is in two groups.
    #[error("uid {0} stands in `groups` twice")]
    TwoGroups(u16),
    /// With this redistribution, groups cannot keep their sums.
    #[error("`groups` cannot keep their sums with `redistribution = burn`, which takes from all for one uid")]
    BurnedGroups,
}
