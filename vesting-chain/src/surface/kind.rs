//! The kinds of items that may bear on stake, and what an unknown one of each could mean.

/// The kind of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ItemKind {
    /// A whole pallet.
    Pallet,
    /// A storage item.
    Storage,
    /// An event.
    Event,
    /// A call.
    Call,
}

impl ItemKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Pallet, Self::Storage, Self::Event, Self::Call];

    /// Its name in output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pallet => "pallet",
            Self::Storage => "storage",
            Self::Event => "event",
            Self::Call => "call",
        }
    }

    /// The file with the list of this kind.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::Pallet => "pallets.txt",
            Self::Storage => "storage.txt",
            Self::Event => "events.txt",
            Self::Call => "calls.txt",
        }
    }

    /// What an unknown item of this kind could mean.
    #[must_use]
    pub const fn if_new(self) -> &'static str {
        match self {
            Self::Pallet => {
                "a pallet we do not know: if it moves stake without an event that we know, what it moves is \
                booked as unattributed"
            }
            Self::Storage => {
                "a storage item we do not know: if a position's alpha depends on it, positions are misread \
                until the comparison with the runtime's own answer shows it"
            }
            Self::Event => {
                "an event we do not know: if it moves stake, what it moves is booked as unattributed"
            }
            Self::Call => {
                "a call we do not know: if it moves stake without an event that we know, what it moves is \
                booked as unattributed"
            }
        }
    }

    /// What an item that is known in another shape could mean.
    #[must_use]
    pub const fn if_reshaped(self) -> &'static str {
        match self {
            Self::Pallet => "a pallet known by name, but of another shape",
            Self::Storage => {
                "a storage item known by name, but of another shape: one whose keys changed is not read any \
                more, one whose values changed may be misread until the comparison with the runtime's own \
                answer shows it"
            }
            Self::Event => {
                "an event known by name, but of another shape: its fields are read by name, or by place \
                where they have none; if one changed its meaning, what does not fit the balances is booked \
                as unattributed"
            }
            Self::Call => {
                "a call known by name, but of another shape: calls are not read, so no figure depends on it"
            }
        }
    }
}
