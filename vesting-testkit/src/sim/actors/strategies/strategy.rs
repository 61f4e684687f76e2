//! A strategy: what a person does block by block.

use super::turn::Turn;

/// The weight of a person, however many neurons it has.
pub(super) const WEIGHT: u64 = 1_000;
/// The weight of a neuron that is kept for a later turn.
pub(super) const DUST: u64 = 1;

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

/// The honest holder with whom a strategy is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Honest {
    /// Keeps everything on its own hotkey.
    Holds,
    /// Keeps everything on a validator's hotkey, and its dividends too.
    Delegates,
}

/// What a person tries, and how it begins.
#[derive(Clone, Copy)]
pub struct Strategy {
    /// Its name.
    pub name: &'static str,
    /// What it tries, in a sentence.
    pub tries: &'static str,
    /// The person's coldkeys.
    pub coldkeys: &'static [Beginning],
    /// The honest holder that it must not beat.
    pub honest: Honest,
    /// What the person does in the next block.
    pub act: fn(&mut Turn<'_>),
}

impl Strategy {
    /// The honest holder itself.
    #[must_use]
    pub const fn honest() -> Self {
        Self { name: "holds", tries: "Never sells.", coldkeys: ALONE, honest: Honest::Holds, act: |_| {} }
    }

    /// The honest holder who delegates.
    #[must_use]
    pub const fn honest_delegator() -> Self {
        let act = |turn: &mut Turn<'_>| {
            if turn.place() == 2 {
                turn.delegate(0);
            }
        };
        Self {
            name: "holds and delegates",
            tries: "Never sells.",
            coldkeys: ALONE,
            honest: Honest::Delegates,
            act,
        }
    }
}

/// One coldkey with one neuron.
pub(super) const ALONE: &[Beginning] = &[Beginning { tenths: 10, neurons: 1, weight: WEIGHT }];
