//! Why a miner has the multiplier it has.

use std::fmt;

use crate::score::multiplier::LimitedBy;
use crate::units::{BlockNumber, Uid};

/// Why a miner has the multiplier it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The formula, limited by this.
    Formula(LimitedBy),
    /// Its coldkey owned no neuron before any epoch of the window.
    Newcomer,
    /// It owns no neuron, and owned none before any epoch of the window.
    NoHolder,
    /// The record does not cover the window.
    Incomplete,
    /// No neuron of the subnet has this hotkey.
    UnknownHotkey,
    /// The subnet has no neuron with this uid.
    UnknownUid(Uid),
    /// Every weight belongs to a holder whose weight the policy sets to 0.
    NothingLeft,
    /// The policy is in shadow: multipliers are computed and not applied.
    Shadow,
    /// The policy takes effect at a later block.
    NotEffective(BlockNumber),
    /// The weight is the part that multipliers took from others.
    Burned,
    /// The subnet has no neuron with the policy's `burn_uid`.
    NoBurnNeuron(Uid),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Formula(LimitedBy::HoldingPercentage) => {
                f.write_str("limited by the part of the rewards that is kept")
            }
            Self::Formula(LimitedBy::HoldingDuration) => {
                f.write_str("limited by how long rewards have been held")
            }
            Self::Formula(LimitedBy::NothingEarned) => f.write_str("nothing was earned in the window"),
            Self::Formula(LimitedBy::MinimumStake) => f.write_str("the stake is under the minimum"),
            Self::Formula(LimitedBy::StakeTier) => {
                f.write_str("limited by the next line of the table of stake")
            }
            Self::Formula(LimitedBy::Nothing) => f.write_str("the largest multiplier"),
            Self::Newcomer => f.write_str("registered after the last epoch"),
            Self::NoHolder => f.write_str("no neuron was its own before any epoch of the window"),
            Self::Incomplete => f.write_str("the record does not cover the window yet"),
            Self::UnknownHotkey => f.write_str("no neuron of the subnet has this hotkey"),
            Self::UnknownUid(uid) => write!(f, "no neuron of the subnet has uid {uid}"),
            Self::NothingLeft => f.write_str(
                "nothing would be left: all of it is of holders under the minimum, who get no weight",
            ),
            Self::Shadow => f.write_str("shadow: computed, not applied"),
            Self::NotEffective(block) => write!(f, "the policy takes effect at block {block}"),
            Self::Burned => f.write_str("what multipliers took from others"),
            Self::NoBurnNeuron(uid) => write!(f, "no neuron of the subnet has the `burn_uid` {uid}"),
        }
    }
}
