//! `Line`: every kind of line.

use serde::{Deserialize, Serialize};

use super::entry::EntryLine;
use super::epoch::{BalanceLine, BlockTimeLine, ChangeLine, EpochLine};
use super::frame::{Header, PartHead, Trailer};
use super::holder::{HolderLine, NeuronLine, SuccessionLine};
use super::snapshot::{LockLine, SnapshotLine};
use super::tranche::{ExitLine, TrancheLine};

/// A line. It holds one thing.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// The first line.
    Header(Header),
    /// The parts that follow are of this subnet.
    Subnet(u16),
    /// The rows that follow are of this part.
    Part(PartHead),
    Holder(HolderLine),
    Neuron(NeuronLine),
    Succession(SuccessionLine),
    Skipped(BlockTimeLine),
    Epoch(EpochLine),
    /// A stake change of the newest epoch before it.
    Change(ChangeLine),
    BalanceChange(BalanceLine),
    Entry(EntryLine),
    Time(BlockTimeLine),
    Snapshot(SnapshotLine),
    Lock(LockLine),
    Tranche(TrancheLine),
    Exit(ExitLine),
    /// The last line.
    Trailer(Trailer),
}

impl Line {
    /// The name under which the last line counts a row. `None` if the line is not a row.
    pub fn row_name(&self) -> Option<&'static str> {
        match self {
            Self::Header(_) | Self::Subnet(_) | Self::Part(_) | Self::Trailer(_) => None,
            Self::Holder(_) => Some("holder"),
            Self::Neuron(_) => Some("neuron"),
            Self::Succession(_) => Some("succession"),
            Self::Skipped(_) => Some("skipped"),
            Self::Epoch(_) => Some("epoch"),
            Self::Change(_) => Some("change"),
            Self::BalanceChange(_) => Some("balance_change"),
            Self::Entry(_) => Some("entry"),
            Self::Time(_) => Some("time"),
            Self::Snapshot(_) => Some("snapshot"),
            Self::Lock(_) => Some("lock"),
            Self::Tranche(_) => Some("tranche"),
            Self::Exit(_) => Some("exit"),
        }
    }
}
