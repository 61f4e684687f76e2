//! A strategy: what a person does block by block.

use super::beginning::{ALONE, Beginning};
use super::turn::Turn;

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
            if turn.blocks_since_epoch() == 2 {
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
