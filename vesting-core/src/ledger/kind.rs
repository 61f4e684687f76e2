//! Why a position changed, and the effect on its holder.

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal in $flow:ident),* $(,)?) => {
        /// Why a position changed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[$doc])* $name),* }

        impl Kind {
            /// Every kind there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The name used in tables and output.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// The flow the kind belongs to.
            #[must_use]
            pub const fn flow(self) -> Flow {
                match self { $(Self::$name => Flow::$flow),* }
            }

            /// The kind of that name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.name() == name)
            }
        }
    };
}

kinds! {
    /// The balance when the record of a holder begins.
    Opening = "opening" in Opening,
    /// Announced miner incentive, or all of the emission where the runtime announces nothing.
    Incentive = "incentive" in Emission,
    /// Dividends, takes, owner cut, and root claims of an epoch's block.
    DividendOrOther = "dividend_or_other" in Emission,
    /// A root claim that kept its alpha, outside an epoch's block.
    RootClaim = "root_claim" in Emission,
    /// TAO was staked.
    StakeAdded = "stake_added" in Inflow,
    /// Came from another subnet.
    SwappedIn = "swapped_in" in Inflow,
    /// Came from another coldkey.
    TransferredIn = "transferred_in" in Inflow,
    /// Sold for TAO.
    StakeRemoved = "stake_removed" in Outflow,
    /// Went to another subnet.
    SwappedOut = "swapped_out" in Outflow,
    /// Went to another coldkey.
    TransferredOut = "transferred_out" in Outflow,
    /// Recycled.
    Recycled = "recycled" in Outflow,
    /// Burned.
    Burned = "burned" in Outflow,
    /// An extrinsic's fee paid in alpha.
    Fee = "fee" in Outflow,
    /// Gone with its dissolved subnet.
    Dissolved = "dissolved" in Outflow,
    /// Moved between the holder's own positions on this subnet.
    Moved = "moved" in Neutral,
    /// The same holder under a new key.
    KeySwap = "key_swap" in Neutral,
    /// A migration reconciled the share pool. The position is worth more or less; this is no sale.
    Corrected = "corrected" in Corrected,
    /// A change that nothing explains.
    Unattributed = "unattributed" in Unattributed,
    /// The share pool's rounding.
    Rounding = "rounding" in Rounding,
}

/// The effect of an entry on the holder on this subnet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flow {
    /// The holder's record begins.
    Opening,
    /// Earned.
    Emission,
    /// Came in.
    Inflow,
    /// Went out.
    Outflow,
    /// Only the hotkey or the coldkey changed.
    Neutral,
    /// Worth more or less after a correction by the chain itself.
    Corrected,
    /// The share pool's rounding.
    Rounding,
    /// A change that nothing explains.
    Unattributed,
}

impl Flow {
    /// The name used in tables and output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Emission => "emission",
            Self::Inflow => "inflow",
            Self::Outflow => "outflow",
            Self::Neutral => "neutral",
            Self::Corrected => "corrected",
            Self::Rounding => "rounding",
            Self::Unattributed => "unattributed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_design_and_find_back() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.name()), Some(*kind));
        }
        assert_eq!(Kind::ALL.len(), 19);
        assert_eq!(Kind::from_name("gift"), None);
    }
}
