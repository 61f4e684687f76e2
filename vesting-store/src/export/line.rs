//! The lines of an export.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vesting_core::ports::{BalanceChange, Holder, LockRow, NeuronRow, OpenInterval, Snapshot, Watermark};
use vesting_core::{
    BlockHash, BlockNumber, BlockRef, Coldkey, Detection, Entry, EntryId, Epoch, Exit, Flow, Hotkey, Kind,
    Millis, NetUid, Origin, Phase, PositionKey, Rao, RaoDelta, SkippedSlot, Source, StakeChange, Succession,
    Tranche, Uid,
};

use super::text::{Name, Text};

/// The first line's `format`.
pub const FORMAT: &str = "vesting/export";

/// A line: one thing each.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// The first.
    Header(Header),
    /// The parts from here on are of this subnet.
    Subnet(u16),
    /// The rows from here on are of this part.
    Part(PartHead),
    Holder(HolderLine),
    Neuron(NeuronLine),
    Succession(SuccessionLine),
    Skipped(MomentLine),
    Epoch(EpochLine),
    /// Of the epoch in the last line of an epoch.
    Change(ChangeLine),
    BalanceChange(BalanceLine),
    Entry(EntryLine),
    Time(MomentLine),
    Snapshot(SnapshotLine),
    Lock(LockLine),
    Tranche(TrancheLine),
    Exit(ExitLine),
    /// The last.
    Trailer(Trailer),
}

impl Line {
    /// Under which name rows are counted; none for what is no row.
    pub fn sort(&self) -> Option<&'static str> {
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

/// What is read of the first line before it is known that the rest is understood.
#[derive(Debug, Deserialize)]
pub struct Preamble {
    pub header: Version,
}

#[derive(Debug, Deserialize)]
pub struct Version {
    pub format: String,
    pub version: u32,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    pub format: String,
    pub version: u32,
    pub genesis: Name<BlockHash>,
    pub subnets: Vec<u16>,
}

/// How far the record goes with a part, and its open interval.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartHead {
    block: u64,
    hash: Name<BlockHash>,
    time: u64,
    first_block: u64,
    first_time: u64,
    observed: u64,
    spec_version: u32,
    interval: IntervalHead,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IntervalHead {
    from: Option<u64>,
    anywhere: u64,
    runtime_changed: bool,
    operations: BTreeMap<Text<Hotkey>, u64>,
}

impl PartHead {
    pub fn new(mark: &Watermark, interval: &OpenInterval) -> Self {
        Self {
            block: mark.block.number.0,
            hash: Name(mark.block.hash),
            time: mark.time.0,
            first_block: mark.first_block.0,
            first_time: mark.first_time.0,
            observed: mark.observed.0,
            spec_version: mark.spec_version,
            interval: IntervalHead {
                from: interval.from.map(|block| block.0),
                anywhere: interval.anywhere,
                runtime_changed: interval.runtime_changed,
                operations: interval
                    .operations
                    .iter()
                    .map(|(hotkey, count)| (Text(*hotkey), *count))
                    .collect(),
            },
        }
    }

    pub fn read(&self) -> (Watermark, OpenInterval) {
        let mark = Watermark {
            block: BlockRef { number: BlockNumber(self.block), hash: self.hash.0 },
            time: Millis(self.time),
            first_block: BlockNumber(self.first_block),
            first_time: Millis(self.first_time),
            observed: BlockNumber(self.observed),
            spec_version: self.spec_version,
        };
        let interval = OpenInterval {
            from: self.interval.from.map(BlockNumber),
            operations: self.interval.operations.iter().map(|(hotkey, count)| (hotkey.0, *count)).collect(),
            anywhere: self.interval.anywhere,
            runtime_changed: self.interval.runtime_changed,
        };
        (mark, interval)
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trailer {
    pub rows: BTreeMap<u16, BTreeMap<String, u64>>,
    pub blake2b_256: Name<BlockHash>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HolderLine {
    coldkey: Text<Coldkey>,
    since: u64,
}

impl From<&Holder> for HolderLine {
    fn from(row: &Holder) -> Self {
        Self { coldkey: Text(row.coldkey), since: row.since.0 }
    }
}

impl HolderLine {
    pub fn read(self) -> Holder {
        Holder { coldkey: self.coldkey.0, since: BlockNumber(self.since) }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeuronLine {
    block: u64,
    uid: u16,
    holder: Option<KeyPair>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyPair {
    hotkey: Text<Hotkey>,
    coldkey: Text<Coldkey>,
}

impl From<&NeuronRow> for NeuronLine {
    fn from(row: &NeuronRow) -> Self {
        let holder =
            row.holder.map(|(hotkey, coldkey)| KeyPair { hotkey: Text(hotkey), coldkey: Text(coldkey) });
        Self { block: row.block.0, uid: row.uid.0, holder }
    }
}

impl NeuronLine {
    pub fn read(self) -> NeuronRow {
        let holder = self.holder.map(|pair| (pair.hotkey.0, pair.coldkey.0));
        NeuronRow { uid: Uid(self.uid), block: BlockNumber(self.block), holder }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuccessionLine {
    block: u64,
    event_index: u32,
    old: Text<Coldkey>,
    new: Text<Coldkey>,
}

impl From<&Succession> for SuccessionLine {
    fn from(row: &Succession) -> Self {
        Self { block: row.block.0, event_index: row.event_index, old: Text(row.old), new: Text(row.new) }
    }
}

impl SuccessionLine {
    pub fn read(self) -> Succession {
        Succession {
            block: BlockNumber(self.block),
            event_index: self.event_index,
            old: self.old.0,
            new: self.new.0,
        }
    }
}

/// A block with its time.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MomentLine {
    pub block: u64,
    pub time: u64,
}

impl From<&SkippedSlot> for MomentLine {
    fn from(row: &SkippedSlot) -> Self {
        Self { block: row.block.0, time: row.time.0 }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochLine {
    block: u64,
    hash: Name<BlockHash>,
    pre_block: u64,
    pre_hash: Name<BlockHash>,
    time: u64,
    index: Option<u64>,
    tempo: u16,
    registered_at: u64,
    detected: Name<Detection>,
}

impl EpochLine {
    pub fn new(epoch: &Epoch, detected: Detection) -> Self {
        Self {
            block: epoch.block.number.0,
            hash: Name(epoch.block.hash),
            pre_block: epoch.pre_block.number.0,
            pre_hash: Name(epoch.pre_block.hash),
            time: epoch.time.0,
            index: epoch.index,
            tempo: epoch.tempo,
            registered_at: epoch.registered_at.0,
            detected: Name(detected),
        }
    }

    pub fn read(self) -> (Epoch, Detection) {
        let epoch = Epoch {
            block: BlockRef { number: BlockNumber(self.block), hash: self.hash.0 },
            pre_block: BlockRef { number: BlockNumber(self.pre_block), hash: self.pre_hash.0 },
            time: Millis(self.time),
            index: self.index,
            tempo: self.tempo,
            registered_at: BlockNumber(self.registered_at),
        };
        (epoch, self.detected.0)
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeLine {
    uid: Option<u16>,
    hotkey: Text<Hotkey>,
    coldkey: Text<Coldkey>,
    before: Text<u64>,
    after: Text<u64>,
    manual_add: Text<i128>,
    manual_remove: Text<i128>,
    neutral: Text<i128>,
    true_emission: Text<i128>,
    incentive: Text<i128>,
    rounding: Text<i128>,
    unattributed: Text<i128>,
}

impl From<&StakeChange> for ChangeLine {
    fn from(row: &StakeChange) -> Self {
        Self {
            uid: row.uid.map(|uid| uid.0),
            hotkey: Text(row.key.hotkey),
            coldkey: Text(row.key.coldkey),
            before: Text(row.before.0),
            after: Text(row.after.0),
            manual_add: Text(row.manual_add.0),
            manual_remove: Text(row.manual_remove.0),
            neutral: Text(row.neutral.0),
            true_emission: Text(row.true_emission.0),
            incentive: Text(row.incentive.0),
            rounding: Text(row.rounding.0),
            unattributed: Text(row.unattributed.0),
        }
    }
}

impl ChangeLine {
    pub fn read(self) -> StakeChange {
        StakeChange {
            uid: self.uid.map(Uid),
            key: PositionKey { hotkey: self.hotkey.0, coldkey: self.coldkey.0 },
            before: Rao(self.before.0),
            after: Rao(self.after.0),
            manual_add: RaoDelta(self.manual_add.0),
            manual_remove: RaoDelta(self.manual_remove.0),
            neutral: RaoDelta(self.neutral.0),
            true_emission: RaoDelta(self.true_emission.0),
            incentive: RaoDelta(self.incentive.0),
            rounding: RaoDelta(self.rounding.0),
            unattributed: RaoDelta(self.unattributed.0),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BalanceLine {
    from: u64,
    to: u64,
    hotkey: Text<Hotkey>,
    coldkey: Text<Coldkey>,
    start: Text<u64>,
    end: Text<u64>,
    by_flow: BTreeMap<Name<Flow>, Text<i128>>,
}

impl From<&BalanceChange> for BalanceLine {
    fn from(row: &BalanceChange) -> Self {
        Self {
            from: row.from.0,
            to: row.to.0,
            hotkey: Text(row.key.hotkey),
            coldkey: Text(row.key.coldkey),
            start: Text(row.start.0),
            end: Text(row.end.0),
            by_flow: row.by_flow.iter().map(|(flow, alpha)| (Name(*flow), Text(alpha.0))).collect(),
        }
    }
}

impl BalanceLine {
    pub fn read(self) -> BalanceChange {
        BalanceChange {
            from: BlockNumber(self.from),
            to: BlockNumber(self.to),
            key: PositionKey { hotkey: self.hotkey.0, coldkey: self.coldkey.0 },
            start: Rao(self.start.0),
            end: Rao(self.end.0),
            by_flow: self.by_flow.into_iter().map(|(flow, alpha)| (flow.0, RaoDelta(alpha.0))).collect(),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryLine {
    block: u64,
    event: Option<EventLine>,
    hotkey: Text<Hotkey>,
    coldkey: Text<Coldkey>,
    kind: Name<Kind>,
    alpha: Text<i128>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventLine {
    index: u32,
    phase: Name<Phase>,
}

impl From<&Entry> for EntryLine {
    fn from(row: &Entry) -> Self {
        Self {
            block: row.block.0,
            event: row
                .source
                .map(|source| EventLine { index: source.event_index, phase: Name(source.phase) }),
            hotkey: Text(row.key.hotkey),
            coldkey: Text(row.key.coldkey),
            kind: Name(row.kind),
            alpha: Text(row.alpha.0),
        }
    }
}

impl EntryLine {
    pub fn read(self, netuid: NetUid) -> Entry {
        Entry {
            netuid,
            block: BlockNumber(self.block),
            source: self.event.map(|event| Source { event_index: event.index, phase: event.phase.0 }),
            key: PositionKey { hotkey: self.hotkey.0, coldkey: self.coldkey.0 },
            kind: self.kind.0,
            alpha: RaoDelta(self.alpha.0),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotLine {
    block: u64,
    hotkey: Text<Hotkey>,
    coldkey: Text<Coldkey>,
    alpha: Text<u64>,
}

impl From<&Snapshot> for SnapshotLine {
    fn from(row: &Snapshot) -> Self {
        Self {
            block: row.block.0,
            hotkey: Text(row.key.hotkey),
            coldkey: Text(row.key.coldkey),
            alpha: Text(row.alpha.0),
        }
    }
}

impl SnapshotLine {
    pub fn read(self) -> Snapshot {
        let key = PositionKey { hotkey: self.hotkey.0, coldkey: self.coldkey.0 };
        Snapshot { block: BlockNumber(self.block), key, alpha: Rao(self.alpha.0) }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockLine {
    block: u64,
    coldkey: Text<Coldkey>,
    locked: Text<u64>,
}

impl From<&LockRow> for LockLine {
    fn from(row: &LockRow) -> Self {
        Self { block: row.block.0, coldkey: Text(row.coldkey), locked: Text(row.locked.0) }
    }
}

impl LockLine {
    pub fn read(self) -> LockRow {
        LockRow { block: BlockNumber(self.block), coldkey: self.coldkey.0, locked: Rao(self.locked.0) }
    }
}

/// What identifies an entry of one holder's ledger.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IdLine {
    block: u64,
    event_index: Option<u32>,
    kind: Name<Kind>,
    hotkey: Text<Hotkey>,
}

impl From<EntryId> for IdLine {
    fn from(id: EntryId) -> Self {
        Self { block: id.block.0, event_index: id.event_index, kind: Name(id.kind), hotkey: Text(id.hotkey) }
    }
}

impl IdLine {
    fn read(self) -> EntryId {
        EntryId {
            block: BlockNumber(self.block),
            event_index: self.event_index,
            kind: self.kind.0,
            hotkey: self.hotkey.0,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrancheLine {
    coldkey: Text<Coldkey>,
    id: IdLine,
    time: u64,
    origin: Name<Origin>,
    initial: Text<u64>,
}

impl From<&Tranche> for TrancheLine {
    fn from(row: &Tranche) -> Self {
        Self {
            coldkey: Text(row.coldkey),
            id: row.id.into(),
            time: row.time.0,
            origin: Name(row.origin),
            initial: Text(row.initial.0),
        }
    }
}

impl TrancheLine {
    pub fn read(self, netuid: NetUid) -> Tranche {
        Tranche {
            netuid,
            coldkey: self.coldkey.0,
            id: self.id.read(),
            time: Millis(self.time),
            origin: self.origin.0,
            initial: Rao(self.initial.0),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExitLine {
    coldkey: Text<Coldkey>,
    tranche: IdLine,
    by: IdLine,
    amount: Text<u64>,
}

impl From<&Exit> for ExitLine {
    fn from(row: &Exit) -> Self {
        Self {
            coldkey: Text(row.coldkey),
            tranche: row.tranche.into(),
            by: row.by.into(),
            amount: Text(row.amount.0),
        }
    }
}

impl ExitLine {
    pub fn read(self, netuid: NetUid) -> Exit {
        Exit {
            netuid,
            coldkey: self.coldkey.0,
            tranche: self.tranche.read(),
            by: self.by.read(),
            amount: Rao(self.amount.0),
        }
    }
}
