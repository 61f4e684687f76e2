//! The exact stakes and incentives that come with a recording, and how a record is compared with them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;
use std::path::Path;

use serde::Deserialize;
use vesting_core::{
    BlockNumber, Coldkey, Entry, EpochRecord, Flow, Hotkey, NetUid, PositionKey, Rao, RaoDelta,
};

use super::reader::{RecordingError, open};

#[derive(Deserialize)]
struct Line {
    block: u64,
    stakes: Vec<(String, String, u16, u64)>,
    epochs: Vec<EpochLine>,
    nets: BTreeMap<String, NetLine>,
}

#[derive(Deserialize)]
struct EpochLine {
    epoch_block: u64,
    netuid: u16,
    incentives: Vec<IncentiveLine>,
}

#[derive(Deserialize)]
struct IncentiveLine {
    credited_hotkey: String,
    owner: String,
    incentive: u64,
    burned: bool,
}

#[derive(Deserialize)]
struct NetLine {
    last_mechansim_step_block: u64,
    uids: Vec<(u16, String, String, String)>,
}

#[derive(Deserialize)]
struct EventsLine {
    #[serde(alias = "number")]
    block: u64,
    events: Vec<EventLine>,
}

#[derive(Deserialize)]
struct EventLine {
    event: String,
}

/// One block of one subnet, as the pallet itself computed it.
#[derive(Debug, Clone, Default)]
struct Block {
    positions: BTreeMap<PositionKey, Rao>,
    owners: BTreeSet<Coldkey>,
    /// The incentive credited to each position, if the block is an epoch.
    epoch: Option<BTreeMap<PositionKey, Rao>>,
}

/// The truth about one subnet of a recording.
pub struct Truth {
    netuid: NetUid,
    blocks: BTreeMap<BlockNumber, Block>,
}

/// How a record compares with the truth.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Holders compared.
    pub holders: usize,
    /// Positions compared.
    pub positions: usize,
    /// Balances compared, a position and a block each.
    pub balances: usize,
    /// Epochs compared.
    pub epochs: usize,
    /// Σ |unattributed| of the record.
    pub unattributed: u128,
    /// What differs, in words; at most the first hundred.
    pub mismatches: Vec<String>,
}

impl Truth {
    /// Reads the truth about a subnet.
    ///
    /// # Errors
    /// Names the file and line, and what is wrong there.
    pub fn load(folder: &Path, netuid: NetUid) -> Result<Self, RecordingError> {
        let (path, reader) = open(folder, "truth.jsonl")?;
        let mut blocks = BTreeMap::new();
        for (index, line) in reader.lines().enumerate() {
            let refuse = |why: String| RecordingError::Content { path: path.clone(), line: index + 1, why };
            let line = line.map_err(|source| RecordingError::Read { path: path.clone(), source })?;
            let line: Line = serde_json::from_str(&line).map_err(|e| refuse(e.to_string()))?;
            let number = BlockNumber(line.block);
            blocks.insert(number, block(netuid, &line).map_err(refuse)?);
        }
        for gone in gone(folder, netuid)? {
            blocks.entry(gone).and_modify(|block: &mut Block| block.positions.clear());
        }
        Ok(Self { netuid, blocks })
    }

    /// Compares a record that begins at block 1 with the truth.
    ///
    /// Every position of every holder is compared at B−1 and B of each epoch and at the last block. So are
    /// every epoch and every incentive.
    #[must_use]
    pub fn compare(&self, entries: &[Entry], epochs: &[EpochRecord]) -> Comparison {
        let mut found = Comparison::default();
        let wanted: BTreeMap<BlockNumber, &BTreeMap<PositionKey, Rao>> = self
            .blocks
            .iter()
            .filter_map(|(number, block)| block.epoch.as_ref().map(|e| (*number, e)))
            .collect();
        let recorded: BTreeMap<BlockNumber, &EpochRecord> =
            epochs.iter().map(|e| (e.epoch.block.number, e)).collect();
        let mut since: BTreeMap<Coldkey, BlockNumber> = BTreeMap::new();
        for number in wanted.keys() {
            for coldkey in self.blocks.get(&number.parent()).into_iter().flat_map(|b| &b.owners) {
                since.entry(*coldkey).or_insert(number.parent());
            }
        }
        found.holders = since.len();
        found.unattributed =
            entries.iter().filter(|e| e.flow() == Flow::Unattributed).map(|e| e.alpha.magnitude()).sum();
        self.compare_balances(entries, &since, wanted.keys().copied().collect(), &mut found);
        for number in wanted.keys().chain(recorded.keys()).copied().collect::<BTreeSet<_>>() {
            found.epochs += 1;
            match (wanted.get(&number), recorded.get(&number)) {
                (Some(truth), Some(record)) => self.compare_epoch(number, truth, record, &since, &mut found),
                (Some(_), None) => {
                    found.differs(format!("epoch {number} of subnet {} is missing", self.netuid))
                }
                _ => found.differs(format!("epoch {number} of subnet {} is invented", self.netuid)),
            }
        }
        found
    }

    fn compare_balances(
        &self,
        entries: &[Entry],
        since: &BTreeMap<Coldkey, BlockNumber>,
        epochs: BTreeSet<BlockNumber>,
        found: &mut Comparison,
    ) {
        let exact: BTreeSet<BlockNumber> = epochs
            .iter()
            .flat_map(|b| [b.parent(), *b])
            .chain(self.blocks.last_key_value().map(|(last, _)| *last))
            .collect();
        let mut ledgers: BTreeMap<PositionKey, Vec<&Entry>> = BTreeMap::new();
        for entry in entries {
            ledgers.entry(entry.key).or_default().push(entry);
        }
        let keys: BTreeSet<PositionKey> = ledgers
            .keys()
            .chain(exact.iter().filter_map(|b| self.blocks.get(b)).flat_map(|b| b.positions.keys()))
            .copied()
            .collect();
        for key in keys {
            let Some(start) = since.get(&key.coldkey) else { continue };
            found.positions += 1;
            let mut own = ledgers.remove(&key).unwrap_or_default().into_iter().peekable();
            let mut balance = RaoDelta::ZERO;
            for number in &exact {
                while let Some(entry) = own.next_if(|e| e.block <= *number) {
                    balance += entry.alpha;
                }
                if number < start {
                    continue;
                }
                found.balances += 1;
                let truth =
                    self.blocks.get(number).and_then(|b| b.positions.get(&key)).copied().unwrap_or_default();
                if balance != truth.delta() {
                    found.differs(format!(
                        "block {number}, hotkey {}, coldkey {}: {balance} rao, but {truth} in truth",
                        key.hotkey, key.coldkey
                    ));
                }
            }
        }
    }

    fn compare_epoch(
        &self,
        number: BlockNumber,
        truth: &BTreeMap<PositionKey, Rao>,
        record: &EpochRecord,
        since: &BTreeMap<Coldkey, BlockNumber>,
        found: &mut Comparison,
    ) {
        let followed =
            |key: &PositionKey| since.get(&key.coldkey).is_some_and(|start| *start <= number.parent());
        let rows: BTreeMap<PositionKey, _> =
            record.changes.iter().map(|change| (change.key, change)).collect();
        for key in
            truth.keys().chain(rows.keys()).filter(|key| followed(key)).copied().collect::<BTreeSet<_>>()
        {
            let expected = truth.get(&key).copied().unwrap_or_default();
            let incentive = rows.get(&key).map_or(RaoDelta::ZERO, |row| row.incentive);
            if incentive != expected.delta() {
                found.differs(format!(
                    "epoch {number}, hotkey {}: incentive {incentive} rao, but {expected} in truth",
                    key.hotkey
                ));
            }
            let at = |block: BlockNumber| {
                self.blocks.get(&block).and_then(|b| b.positions.get(&key)).copied().unwrap_or_default()
            };
            let states = (at(number.parent()), at(number));
            if let Some(row) = rows.get(&key) {
                if (row.before, row.after) != states || !row.adds_up() {
                    found.differs(format!(
                        "epoch {number}, hotkey {}: the row does not add up: {row:?}",
                        key.hotkey
                    ));
                }
            } else if states.0 != states.1 {
                found.differs(format!("epoch {number}, hotkey {}: the row is missing", key.hotkey));
            }
        }
    }
}

impl Comparison {
    fn differs(&mut self, words: String) {
        if self.mismatches.len() < 100 {
            self.mismatches.push(words);
        }
    }
}

/// The blocks from a subnet's `NetworkRemoved` until its next `NetworkAdded`. Storage shows positions there
/// for a while longer, but the subnet has ended.
fn gone(folder: &Path, netuid: NetUid) -> Result<Vec<BlockNumber>, RecordingError> {
    let (path, reader) = open(folder, "events.jsonl")?;
    let (removed, added) =
        (format!("NetworkRemoved(NetUid({netuid}))"), format!("NetworkAdded(NetUid({netuid}),"));
    let (mut blocks, mut is_gone) = (Vec::new(), false);
    for (index, line) in reader.lines().enumerate() {
        let line = line.map_err(|source| RecordingError::Read { path: path.clone(), source })?;
        let line: EventsLine = serde_json::from_str(&line).map_err(|e| RecordingError::Content {
            path: path.clone(),
            line: index + 1,
            why: e.to_string(),
        })?;
        for EventLine { event } in line.events {
            is_gone = (is_gone || event.contains(&removed)) && !event.contains(&added);
        }
        if is_gone {
            blocks.push(BlockNumber(line.block));
        }
    }
    Ok(blocks)
}

fn block(netuid: NetUid, line: &Line) -> Result<Block, String> {
    let key = |hotkey: &str, coldkey: &str| -> Result<PositionKey, String> {
        Ok(PositionKey {
            hotkey: hotkey.parse::<Hotkey>().map_err(|e| e.to_string())?,
            coldkey: coldkey.parse::<Coldkey>().map_err(|e| e.to_string())?,
        })
    };
    let mut block = Block::default();
    for (hotkey, coldkey, _, alpha) in line.stakes.iter().filter(|(_, _, n, _)| *n == netuid.0) {
        block.positions.insert(key(hotkey, coldkey)?, Rao(*alpha));
    }
    let Some(net) = line.nets.get(&netuid.to_string()) else { return Ok(block) };
    for (.., coldkey) in &net.uids {
        block.owners.insert(coldkey.parse().map_err(|e: vesting_core::AddressError| e.to_string())?);
    }
    let distributed = |e: &&EpochLine| {
        e.netuid == netuid.0
            && e.epoch_block == line.block
            && line.block > 0
            && net.last_mechansim_step_block == line.block
    };
    if let Some(epoch) = line.epochs.iter().find(distributed) {
        let mut credited: BTreeMap<PositionKey, Rao> = BTreeMap::new();
        for row in epoch.incentives.iter().filter(|row| !row.burned && row.incentive > 0) {
            credited.entry(key(&row.credited_hotkey, &row.owner)?).or_default().0 += row.incentive;
        }
        block.epoch = Some(credited);
    }
    Ok(block)
}
