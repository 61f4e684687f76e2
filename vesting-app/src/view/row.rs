//! The rows behind the sections of a state digest.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vesting_core::digest::{StatePart, WindowState};
use vesting_core::multiplier::{LimitedBy, Multiplier};
use vesting_core::{
    BlockNumber, Coldkey, Entry, Hotkey, Kind, NetUid, Neuron, Opening, Phase, PositionKey, Ppb, RaoDelta,
    Source, Succession, Uid,
};

use super::text::{Address, Amount, Factor, Hash};

/// The version of [`Rows`].
pub const VERSION: u32 = 1;

/// A section of a state digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    Neurons,
    Holders,
    Successions,
    Openings,
    Entries,
    Multipliers,
}

impl Section {
    pub const ALL: [Self; 6] =
        [Self::Neurons, Self::Holders, Self::Successions, Self::Openings, Self::Entries, Self::Multipliers];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Neurons => "neurons",
            Self::Holders => "holders",
            Self::Successions => "successions",
            Self::Openings => "openings",
            Self::Entries => "entries",
            Self::Multipliers => "multipliers",
        }
    }

    /// The section whose rows show a difference in this part; `None` where the summary tells the difference
    /// itself.
    pub const fn behind(part: StatePart) -> Option<Self> {
        match part {
            StatePart::Chain
            | StatePart::Subnet
            | StatePart::AsOf
            | StatePart::Registration
            | StatePart::Start => None,
            StatePart::Neurons => Some(Self::Neurons),
            StatePart::Holders => Some(Self::Holders),
            StatePart::Successions => Some(Self::Successions),
            StatePart::Openings => Some(Self::Openings),
            StatePart::Entries { .. } => Some(Self::Entries),
            StatePart::Multipliers => Some(Self::Multipliers),
        }
    }
}

impl FromStr for Section {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|section| section.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name);
            format!("it must be {}", names.join(", "))
        })
    }
}

/// The rows of a section, in the order in which they are digested; of the entries, those of the blocks
/// `from` to `to`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Rows {
    pub version: u32,
    pub netuid: u16,
    /// The block of the epoch.
    pub as_of: u64,
    #[schema(value_type = Hash)]
    pub state_digest: String,
    pub section: Section,
    /// The first block whose entries are told; null for other sections.
    pub from: Option<u64>,
    /// The last block whose entries are told; null for other sections.
    pub to: Option<u64>,
    pub rows: Vec<Row>,
}

// A row is read as the first of these shapes whose fields are all there, so those with more fields come
// first.
/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Row {
    Entry(EntryRow),
    Opening(OpeningRow),
    Succession(SuccessionRow),
    Neuron(NeuronRow),
    Holder(HolderRow),
    Multiplier(MultiplierRow),
}

/// A row of the section `entries`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EntryRow {
    block: u64,
    event_index: Option<u32>,
    kind: String,
    hotkey: Address,
    coldkey: Address,
    alpha_rao: Amount,
}

/// A row of the section `openings`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpeningRow {
    block: u64,
    event_index: Option<u32>,
    hotkey: Address,
    coldkey: Address,
    alpha_rao: Amount,
}

/// A row of the section `successions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SuccessionRow {
    block: u64,
    event_index: u32,
    old: Address,
    new: Address,
}

/// A row of the section `neurons`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NeuronRow {
    uid: u16,
    hotkey: Address,
    coldkey: Address,
}

/// A row of the section `holders`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HolderRow {
    coldkey: Address,
    /// The block at whose end its history starts.
    start: u64,
}

/// A row of the section `multipliers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MultiplierRow {
    coldkey: Address,
    multiplier: Factor,
    zero_weight: bool,
}

impl From<&Entry> for Row {
    fn from(entry: &Entry) -> Self {
        Self::Entry(EntryRow {
            block: entry.block.0,
            event_index: entry.source.map(|source| source.event_index),
            kind: entry.kind.name().to_owned(),
            hotkey: entry.key.hotkey.into(),
            coldkey: entry.key.coldkey.into(),
            alpha_rao: entry.alpha.into(),
        })
    }
}

impl From<&Opening> for Row {
    fn from(opening: &Opening) -> Self {
        Self::Opening(OpeningRow {
            block: opening.block.0,
            event_index: opening.event_index,
            hotkey: opening.key.hotkey.into(),
            coldkey: opening.key.coldkey.into(),
            alpha_rao: opening.alpha.into(),
        })
    }
}

impl From<&Succession> for Row {
    fn from(succession: &Succession) -> Self {
        Self::Succession(SuccessionRow {
            block: succession.block.0,
            event_index: succession.event_index,
            old: succession.old.into(),
            new: succession.new.into(),
        })
    }
}

impl From<&Neuron> for Row {
    fn from(neuron: &Neuron) -> Self {
        Self::Neuron(NeuronRow {
            uid: neuron.uid.0,
            hotkey: neuron.hotkey.into(),
            coldkey: neuron.coldkey.into(),
        })
    }
}

impl From<(&Coldkey, &BlockNumber)> for Row {
    fn from((coldkey, start): (&Coldkey, &BlockNumber)) -> Self {
        Self::Holder(HolderRow { coldkey: (*coldkey).into(), start: start.0 })
    }
}

impl From<(&Coldkey, &Multiplier)> for Row {
    fn from((coldkey, multiplier): (&Coldkey, &Multiplier)) -> Self {
        Self::Multiplier(MultiplierRow {
            coldkey: (*coldkey).into(),
            multiplier: multiplier.factor.into(),
            zero_weight: multiplier.zero_weight,
        })
    }
}

/// The entries of some blocks.
pub fn entries(state: &WindowState, from: BlockNumber, to: BlockNumber) -> &[Entry] {
    let entries = &state.ledger.entries;
    let place = |block: BlockNumber| entries.partition_point(|entry| entry.block < block);
    entries.get(place(from)..place(to.child())).unwrap_or_default()
}

/// The rows of a section; `blocks` tells which entries.
pub fn rows(state: &WindowState, section: Section, (from, to): (BlockNumber, BlockNumber)) -> Vec<Row> {
    match section {
        Section::Neurons => state.neurons.iter().map(Row::from).collect(),
        Section::Holders => state.ledger.holders.iter().map(Row::from).collect(),
        Section::Successions => state.ledger.successions.iter().map(Row::from).collect(),
        Section::Openings => state.ledger.openings.iter().map(Row::from).collect(),
        Section::Entries => entries(state, from, to).iter().map(Row::from).collect(),
        Section::Multipliers => state.multipliers.iter().map(Row::from).collect(),
    }
}

/// Replaces our rows of a section by those of another's state.
///
/// # Errors
/// Says what is not understood.
pub fn replace(
    state: &mut WindowState,
    section: Section,
    (from, to): (BlockNumber, BlockNumber),
    rows: &[Row],
) -> Result<(), String> {
    let netuid = state.ledger.netuid;
    match section {
        Section::Neurons => state.neurons = all(rows, Row::neuron)?,
        Section::Holders => state.ledger.holders = all(rows, Row::holder)?.into_iter().collect(),
        Section::Successions => state.ledger.successions = all(rows, Row::succession)?,
        Section::Openings => state.ledger.openings = all(rows, Row::opening)?,
        Section::Entries => {
            let theirs = all(rows, |row| row.entry(netuid))?;
            if theirs.iter().any(|entry| entry.block < from || entry.block > to) {
                return Err(format!("it has entries that are not of the blocks {from} to {to}"));
            }
            let ours = &state.ledger.entries;
            let before = ours.iter().filter(|entry| entry.block < from);
            let after = ours.iter().filter(|entry| entry.block > to);
            state.ledger.entries = before.chain(&theirs).chain(after).copied().collect();
        }
        Section::Multipliers => {
            let theirs = all(rows, Row::multiplier)?;
            // Rows do not tell what limits a multiplier, since the digest does not cover it.
            let limited_by = |coldkey: &Coldkey| {
                state.multipliers.get(coldkey).map_or(LimitedBy::Nothing, |ours| ours.limited_by)
            };
            state.multipliers = theirs
                .into_iter()
                .map(|(coldkey, factor, zero_weight)| {
                    (coldkey, Multiplier { factor, zero_weight, limited_by: limited_by(&coldkey) })
                })
                .collect();
        }
    }
    Ok(())
}

fn all<T>(rows: &[Row], read: impl Fn(&Row) -> Result<T, String>) -> Result<Vec<T>, String> {
    rows.iter().map(read).collect()
}

fn parse<T: FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

fn key(hotkey: &Address, coldkey: &Address) -> Result<PositionKey, String> {
    Ok(PositionKey { hotkey: parse::<Hotkey>(&hotkey.0)?, coldkey: parse::<Coldkey>(&coldkey.0)? })
}

fn rao(Amount(text): &Amount) -> Result<RaoDelta, String> {
    text.parse().map(RaoDelta).map_err(|_| format!("`{text}` is not an amount in rao"))
}

impl Row {
    fn of_another_section(&self) -> String {
        format!("it has a row of another section: {self:?}")
    }

    fn entry(&self, netuid: NetUid) -> Result<Entry, String> {
        let Self::Entry(EntryRow { block, event_index, kind, hotkey, coldkey, alpha_rao }) = self else {
            return Err(self.of_another_section());
        };
        Ok(Entry {
            netuid,
            block: BlockNumber(*block),
            // Rows do not tell the phase, since the digest does not cover it.
            source: event_index.map(|event_index| Source { event_index, phase: Phase::Initialization }),
            key: key(hotkey, coldkey)?,
            kind: Kind::from_name(kind)
                .ok_or_else(|| format!("it has a kind of entries that is not known here: {kind:?}"))?,
            alpha: rao(alpha_rao)?,
        })
    }

    fn opening(&self) -> Result<Opening, String> {
        let Self::Opening(OpeningRow { block, event_index, hotkey, coldkey, alpha_rao }) = self else {
            return Err(self.of_another_section());
        };
        Ok(Opening {
            block: BlockNumber(*block),
            event_index: *event_index,
            key: key(hotkey, coldkey)?,
            alpha: rao(alpha_rao)?,
        })
    }

    fn succession(&self) -> Result<Succession, String> {
        let Self::Succession(SuccessionRow { block, event_index, old, new }) = self else {
            return Err(self.of_another_section());
        };
        Ok(Succession {
            block: BlockNumber(*block),
            event_index: *event_index,
            old: parse(&old.0)?,
            new: parse(&new.0)?,
        })
    }

    fn neuron(&self) -> Result<Neuron, String> {
        let Self::Neuron(NeuronRow { uid, hotkey, coldkey }) = self else {
            return Err(self.of_another_section());
        };
        Ok(Neuron { uid: Uid(*uid), hotkey: parse(&hotkey.0)?, coldkey: parse(&coldkey.0)? })
    }

    fn holder(&self) -> Result<(Coldkey, BlockNumber), String> {
        let Self::Holder(HolderRow { coldkey, start }) = self else { return Err(self.of_another_section()) };
        Ok((parse(&coldkey.0)?, BlockNumber(*start)))
    }

    fn multiplier(&self) -> Result<(Coldkey, Ppb, bool), String> {
        let Self::Multiplier(MultiplierRow { coldkey, multiplier, zero_weight }) = self else {
            return Err(self.of_another_section());
        };
        Ok((parse(&coldkey.0)?, parse(&multiplier.0)?, *zero_weight))
    }
}
