//! Generations of the simulated runtime: what upgrades of the real one changed, and what later ones may
//! change.

use super::rules::ShareRules;

/// One generation. An upgrade leads from an older to a newer one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Generation {
    /// Stake events have no alpha and no fee, incentive is not announced, and epochs are not counted.
    Oldest,
    /// The alpha of a removal includes its fee, and epochs are not counted.
    Older,
    /// The runtime of spec 425, as it was measured.
    Present,
    /// The runtime of spec 475: pools have epochs, `StakingHotkeys` shrinks, and stake on subnets has no
    /// pointers.
    Today,
    /// A possible future: other indices, more fields, and other names for share storage and counters.
    Later,
    /// A possible future: TAO and alpha have changed places in stake events.
    FieldsMoved,
    /// A possible future: the alpha of a removal includes its fee again, under the same name and fields.
    FeeInside,
    /// A possible future: some storage items are gone.
    ItemsDropped,
    /// A possible future: a transfer within a subnet has a single event, a new one.
    Gifts,
}

/// Storage items that [`Generation::ItemsDropped`] lacks.
const DROPPED: [&str; 4] =
    ["LastColdkeyHotkeyStakeBlock", "RegisteredSubnetCounter", "SubnetEpochIndex", "HasMigrationRun"];

/// Events that not all generations have: the name, and the first generation that has it.
const SINCE: [(&str, Generation); 16] = [
    ("IncentiveAlphaEmittedToMiners", Generation::Older),
    ("AutoStakeAdded", Generation::Older),
    ("EpochSkipped", Generation::Present),
    ("EpochDeferred", Generation::Present),
    ("EpochTriggered", Generation::Present),
    ("TransactionFeePaidWithAlpha", Generation::Present),
    ("HotkeySwappedOnSubnet", Generation::Present),
    ("SubnetOwnerHotkeySet", Generation::Present),
    ("SubnetOwnerChanged", Generation::Present),
    ("SubnetLeaseDividendsDistributed", Generation::Present),
    ("CollateralLocked", Generation::Today),
    ("MinCollateralSet", Generation::Today),
    ("SharePoolDenominatorReconciled", Generation::Today),
    ("StakeAndHotkeyTransferred", Generation::Today),
    ("NetworkDissolveCleanupCompleted", Generation::Today),
    ("AlphaGifted", Generation::Gifts),
];

impl Generation {
    /// The generations that a random life goes through, in order.
    pub const ALL: [Self; 5] = [Self::Oldest, Self::Older, Self::Present, Self::Today, Self::Later];

    /// What may come after today's runtime. Each is another possible future.
    pub const TO_COME: [Self; 5] =
        [Self::Later, Self::FieldsMoved, Self::FeeInside, Self::ItemsDropped, Self::Gifts];

    /// The version of its runtime.
    #[must_use]
    pub const fn spec_version(self) -> u32 {
        match self {
            Self::Oldest => 260,
            Self::Older => 393,
            Self::Present => 425,
            Self::Today => 475,
            Self::Later => 512,
            Self::FieldsMoved => 513,
            Self::FeeInside => 514,
            Self::ItemsDropped => 515,
            Self::Gifts => 516,
        }
    }

    /// The next generation of [`Self::ALL`].
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Self::ALL.into_iter().find(|next| *next > self)
    }

    /// The generation of a version.
    pub(crate) fn of(spec_version: u32) -> Option<Self> {
        Self::ALL
            .into_iter()
            .chain(Self::TO_COME)
            .find(|generation| generation.spec_version() == spec_version)
    }

    /// Whether incentive is announced.
    #[must_use]
    pub fn announces_incentive(self) -> bool {
        self > Self::Oldest
    }

    /// Whether the chain counts epochs, including skipped ones.
    pub(crate) fn counts_epochs(self) -> bool {
        self > Self::Older
    }

    /// Whether it has locks, and answers what they leave available.
    pub(crate) fn tells_locks(self) -> bool {
        self > Self::Older
    }

    /// Whether storage has all counters under their known names.
    pub(crate) fn stores_counters(self) -> bool {
        self != Self::Later
    }

    /// Whether the rules of its version were measured.
    pub(crate) fn is_measured(self) -> bool {
        self <= Self::Today
    }

    /// Whether the alpha of a removal includes its fee.
    pub(crate) fn fee_inside(self) -> bool {
        matches!(self, Self::Older | Self::FeeInside)
    }

    /// Whether it has an event of this name.
    pub(super) fn knows(self, name: &str) -> bool {
        SINCE.iter().find(|(known, _)| *known == name).is_none_or(|(_, first)| self >= *first)
    }

    /// Whether it finds the shares where another generation stores them.
    pub(crate) fn finds_shares_of(self, other: Self) -> bool {
        self.item("AlphaV2") == other.item("AlphaV2")
    }

    /// Its own name of a storage item.
    pub(crate) fn item(self, name: &'static str) -> &'static str {
        match name {
            "AlphaV2" if self == Self::Later => "AlphaShares",
            "TotalHotkeySharesV2" if self == Self::Later => "HotkeyShares",
            "LastMechansimStepBlock" if self == Self::Later => "LastMechanismStepBlock",
            _ => name,
        }
    }

    /// Whether it has a storage item at all.
    pub(crate) fn stores(self, name: &str) -> bool {
        match name {
            _ if self == Self::ItemsDropped && DROPPED.contains(&name) => false,
            "LastEpochBlock" | "SubnetEpochIndex" | "Lock" | "RegisteredSubnetCounter" => {
                self.counts_epochs()
            }
            "AlphaSharePoolEpoch"
            | "AlphaShareEpoch"
            | "HasMigrationRun"
            | "MinerCollateral"
            | "ColdkeyMinerCollateral" => self >= Self::Today,
            _ => true,
        }
    }

    /// Whether root claims may keep alpha, and the chain makes them by itself.
    pub(crate) fn claims_alpha(self) -> bool {
        self < Self::Today
    }

    /// Whether a subnet is cleared away over many blocks.
    pub(crate) fn dissolves_slowly(self) -> bool {
        self >= Self::Today
    }

    /// Its rules of computing with shares.
    pub(crate) fn rules(self) -> ShareRules {
        if self >= Self::Today { ShareRules::Epochs } else { ShareRules::Plain }
    }

    /// Whether it stores the last block of a stake operation on a subnet.
    pub(crate) fn points_to_stake(self) -> bool {
        self < Self::Today
    }

    /// Whether a coldkey's list of hotkeys loses those on which nothing is left.
    pub(crate) fn drops_empty_hotkeys(self) -> bool {
        self >= Self::Today
    }

    /// Its index of the event that has `index` in [`Self::Present`].
    pub(super) fn index(self, index: u8) -> u8 {
        match self {
            Self::Oldest => index + 7,
            Self::Older => index ^ 1,
            Self::Later => 200 - index,
            _ => index,
        }
    }
}
