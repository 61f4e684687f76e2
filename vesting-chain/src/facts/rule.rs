//! The table of rules, each with the runtimes on which it holds and how it was found.

/// How a rule was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// Measured on recordings of these runtimes.
    Measured(&'static [u32]),
    /// Tried on these runtimes, in a few blocks.
    Tried(&'static [u32]),
    /// Read in the runtime's source or its authors' notes.
    Read,
}

impl Evidence {
    /// In words.
    #[must_use]
    pub fn words(self) -> String {
        let of = |specs: &[u32]| specs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match self {
            Self::Measured(specs) => format!("measured on {}", of(specs)),
            Self::Tried(specs) => format!("tried on {}", of(specs)),
            Self::Read => "read".to_owned(),
        }
    }
}

/// A rule, with the runtimes on which it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fact {
    /// The rule.
    pub rule: Rule,
    /// The first version; `None` if it holds on all versions up to `until`.
    pub since: Option<u32>,
    /// The last version; `None` if no end is known.
    pub until: Option<u32>,
    /// How it was found.
    pub found: Evidence,
    /// What it says.
    pub says: &'static str,
}

impl Fact {
    /// Whether the rule holds on the runtime of this version.
    #[must_use]
    pub fn spans(&self, spec_version: u32) -> bool {
        self.since.is_none_or(|since| since <= spec_version)
            && self.until.is_none_or(|until| spec_version <= until)
    }
}

macro_rules! rules {
    ($($name:ident = $text:literal, $since:expr, $until:expr, $found:expr, $says:literal;)*) => {
        /// A rule that may hold on one runtime and not on another.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Rule { $(#[doc = $says] $name),* }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its name in output.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }

        /// Every rule that is known. `since` and `until` are spec versions, both inclusive.
        pub const RULES: &[Fact] = &[
            $(Fact { rule: Rule::$name, since: $since, until: $until, found: $found, says: $says }),*
        ];
    };
}

use Evidence::{Measured, Read, Tried};

rules! {
    // Stake events.
    FeeInside = "fee_inside", None, Some(400), Measured(&[393]),
        "What a `StakeRemoved` took is its alpha; the fee is a part of that.";
    FeeOnTop = "fee_on_top", Some(401), None, Measured(&[425, 475]),
        "What a `StakeRemoved` took is its alpha and its fee.";
    AddedIsAlpha = "added_is_alpha", None, None, Measured(&[393, 425, 475]),
        "What a `StakeAdded` brought is its alpha; its fee was taken in TAO before.";
    MoveCostsFee = "move_costs_fee", None, Some(392), Tried(&[293]),
        "A move inside a subnet may cost a fee: its `StakeAdded` has less than its `StakeRemoved`. It had \
        ended by 393.";
    FeeInAlphaIsRemoval = "fee_in_alpha_is_removal", Some(394), None, Measured(&[425]),
        "Where there are fees in alpha, one is a `StakeRemoved` without a fee of its own; \
        `TransactionFeePaidWithAlpha` repeats its amount.";
    BatchedOrders = "batched_orders", Some(394), None, Measured(&[425, 475]),
        "Where there are limit orders, batched ones move alpha without a stake event: `OrderExecuted` tells \
        of the traders, and of no hotkey.";
    LeaseDividends = "lease_dividends", None, None, Measured(&[425]),
        "Dividends of a lease have a `StakeRemoved` and a `StakeAdded` in an epoch's initialization, though \
        nobody bought.";
    KeySwapsHaveNoAmount = "key_swaps_have_no_amount", None, None, Measured(&[425, 475]),
        "A swapped key takes its stake along without a stake event or an amount, unless the stake was to \
        stay.";
    // Shares.
    LegacyRowWins = "legacy_row_wins", Some(401), None, Measured(&[425, 475]),
        "A position with a legacy share row is worth what that row says; it is converted at its first \
        credit or debit.";
    ValueCapped = "value_capped", Some(458), None, Measured(&[475]),
        "A position is worth at most its pool.";
    SharePoolEpochs = "share_pool_epochs", Some(459), None, Measured(&[475]),
        "Share rows of a pool that was closed count as absent: `AlphaSharePoolEpoch` and `AlphaShareEpoch` \
        tell. Since 460 a pool that opens begins an epoch too.";
    UnlistedLegacyRows = "unlisted_legacy_rows", Some(473), None, Read,
        "The metadata lists the legacy share maps no more, but the runtime reads their rows as long as \
        there are any.";
    PoolsReconciled = "pools_reconciled", Some(464), None, Measured(&[475]),
        "A migration may set a pool's shares to the sum of its rows: its positions change, and only \
        `SharePoolDenominatorReconciled` tells.";
    QuietMigrations = "quiet_migrations", None, Some(425), Measured(&[425]),
        "Migrations change nobody's alpha.";
    DustSwept = "dust_swept", Some(473), None, Read,
        "Positions worth next to nothing are swept in the finalization of blocks: some sold with an event, \
        most removed with none.";
    // Traces.
    StakePointer = "stake_pointer", None, Some(440), Measured(&[393, 425]),
        "`LastColdkeyHotkeyStakeBlock` tells of stake operations on subnets; of none after that, though the \
        map is there.";
    StakingHotkeysGrow = "staking_hotkeys_grow", None, Some(453), Measured(&[393, 425]),
        "`StakingHotkeys` loses a hotkey only when a key is swapped.";
    StakingHotkeysShrink = "staking_hotkeys_shrink", Some(454), None, Measured(&[475]),
        "`StakingHotkeys` loses a hotkey when nothing is staked on it any more.";
    // Epochs.
    ModuloSchedule = "modulo_schedule", None, Some(422), Measured(&[393]),
        "An epoch is due every tempo + 1 blocks, by the block's number.";
    DynamicSchedule = "dynamic_schedule", Some(423), None, Measured(&[425, 475]),
        "An epoch is due a tempo after the last; it may be deferred, skipped or triggered.";
    StepBlockTellsEpoch = "step_block_tells_epoch", None, None, Measured(&[393, 425, 475]),
        "`LastMechansimStepBlock` is the block itself exactly where an epoch was distributed.";
    IncentiveWithheld = "incentive_withheld", None, None, Measured(&[425, 475]),
        "Incentive of the registered hotkeys of `SubnetOwner`, and of `SubnetOwnerHotkey` whoever owns it, \
        is announced but not credited.";
    OwnerChangesFirst = "owner_changes_first", Some(394), None, Measured(&[425]),
        "Where the owner changes in an epoch's block, it has changed before anything is distributed; a new \
        owner's hotkey may get a uid there without an event.";
    AutoStakeRepeats = "auto_stake_repeats", None, Some(434), Measured(&[393, 425]),
        "`AutoStakeAdded` repeats an amount that the incentive event has.";
    CollateralCaptured = "collateral_captured", Some(435), None, Measured(&[475]),
        "A miner short of its collateral is credited on its own hotkey first; `AutoStakeAdded` has the \
        rest, and is missing where there is none.";
    RootClaimsKeepAlpha = "root_claims_keep_alpha", None, Some(440), Measured(&[425]),
        "A root claim may raise a position of its coldkey in any block; only `RootClaimed` tells, and of no \
        amount.";
    RootClaimsPayTao = "root_claims_pay_tao", Some(441), None, Read,
        "A root claim is paid in TAO on root and raises no position of a subnet.";
    // Subnets.
    QuietFinalization = "quiet_finalization", None, Some(425), Measured(&[393, 425]),
        "Nobody's alpha changes in the finalization of a block.";
    DissolvedNeverCleared = "dissolved_never_cleared", None, Some(293), Tried(&[293]),
        "Stake on a dissolved subnet stays readable for good, though nobody has it any more.";
    DissolvedAtOnce = "dissolved_at_once", Some(294), Some(425), Measured(&[425]),
        "All stake on a dissolved subnet is gone in the block of `NetworkRemoved`. When that began is not \
        known: after 293.";
    DissolvedOverBlocks = "dissolved_over_blocks", Some(426), None, Measured(&[475]),
        "Stake on a dissolved subnet is still readable after `NetworkRemoved`, and goes in the finalization \
        of later blocks.";
}
