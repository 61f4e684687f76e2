//! What a person has at genesis.

/// The weight of a person, however many neurons it has.
pub(super) const WEIGHT: u64 = 1_000;
/// The weight of a neuron that is kept for a later turn.
pub(super) const RESERVE_WEIGHT: u64 = 1;

/// One coldkey of a person at genesis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beginning {
    /// Its tenths of the person's opening.
    pub tenths: u64,
    /// How many neurons it owns. Without one its opening is delegated to the person's first hotkey.
    pub neurons: usize,
    /// The weight of each; a person's weights add up to a thousand.
    pub weight: u64,
}

/// One coldkey with one neuron.
pub(super) const ALONE: &[Beginning] = &[Beginning { tenths: 10, neurons: 1, weight: WEIGHT }];
