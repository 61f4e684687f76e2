//! A pruned record, and what it keeps of the time before.

use std::collections::{BTreeMap, BTreeSet};

use super::inconsistency::{Inconsistency, RowPlace};
use crate::ledger::{Kind, Successions, Tranche};
use crate::ports::Commit;
use crate::units::{BlockNumber, Coldkey, Rao, RaoDelta};

/// The epoch at whose end a pruned record begins. `None` for a record that was not pruned, which has no epoch
/// before its first block.
pub(super) fn base(record: &Commit) -> Option<BlockNumber> {
    let base = record.watermark.first_block.parent();
    record.epochs.iter().map(|epoch| epoch.epoch.block.number).find(|block| *block == base)
}

/// The tranches entered before a pruned record begins.
pub(super) fn tranches(record: &Commit) -> impl Iterator<Item = &Tranche> {
    let base = base(record);
    record.tranches.iter().filter(move |tranche| Some(tranche.id.block) <= base)
}

/// Checks that a pruned record has only condensed rows of the time before, and that tranches equal openings.
pub(super) fn check(record: &Commit) -> Result<(), Inconsistency> {
    let Some(base) = base(record) else { return Ok(()) };
    let at = |table, block| RowPlace(record.netuid, table, block);
    if let Some(entry) =
        record.entries.iter().find(|e| e.block == base && !matches!(e.kind, Kind::Opening | Kind::Rounding))
    {
        return Err(at("stake_transactions", base)
            .position(entry.key, format!("{} where the record opens", entry.kind.name())));
    }
    if let Some(change) = record.balance_changes.iter().find(|change| change.to <= base) {
        return Err(at("stake_balance_changes", change.to)
            .position(change.key, "it is of an interval before the record"));
    }
    if let Some(exit) = record.exits.iter().find(|exit| exit.by.block <= base) {
        return Err(at("tranche_exits", exit.by.block).holder(exit.coldkey, "it left before the record"));
    }
    let before = record.epochs.iter().filter(|epoch| epoch.epoch.block.number <= base);
    if let Some((block, change)) =
        before.flat_map(|e| e.changes.iter().map(|change| (e.epoch.block.number, change))).next()
    {
        return Err(at("stake_changes", block).position(change.key, "it is of an epoch before the record"));
    }
    let mut seen = BTreeSet::new();
    if let Some(row) = record
        .snapshots
        .iter()
        .find(|row| row.block <= base && (row.alpha == Rao::ZERO || !seen.insert(row.key)))
    {
        return Err(
            at("stake_snapshots", row.block).position(row.key, "it tells nothing of where the record begins")
        );
    }
    let mut seen = BTreeSet::new();
    if let Some(row) = record.locks.iter().find(|row| row.block <= base && !seen.insert(row.coldkey)) {
        return Err(at("stake_locks", row.block).holder(row.coldkey, "it is there twice before the record"));
    }
    held(record, base)
}

/// Checks that the tranches entered before hold what their holders open with.
fn held(record: &Commit, base: BlockNumber) -> Result<(), Inconsistency> {
    let epochs: BTreeSet<BlockNumber> = record.epochs.iter().map(|epoch| epoch.epoch.block.number).collect();
    let successions = Successions::new(record.successions.clone());
    let mut held: BTreeMap<Coldkey, RaoDelta> = BTreeMap::new();
    for tranche in tranches(record) {
        let earned = matches!(tranche.id.kind, Kind::Incentive | Kind::DividendOrOther);
        // A record that begins with an epoch's own block has the entries of that block, but not the epoch.
        let known = epochs.first().is_some_and(|first| tranche.id.block >= *first);
        if tranche.initial == Rao::ZERO || (earned && known && !epochs.contains(&tranche.id.block)) {
            let at = RowPlace(record.netuid, "stake_tranches", tranche.id.block);
            return Err(at.holder(
                tranche.coldkey,
                format!("{} rao ({}) did not come in there", tranche.initial, tranche.id.kind.name()),
            ));
        }
        *held.entry(successions.holder_of(tranche.coldkey, &tranche.id, base)).or_default() +=
            tranche.initial.delta();
    }
    let mut opens: BTreeMap<Coldkey, RaoDelta> = BTreeMap::new();
    for entry in record.entries.iter().filter(|entry| entry.block == base && entry.kind == Kind::Opening) {
        *opens.entry(entry.key.coldkey).or_default() += entry.alpha;
    }
    for coldkey in held.keys().chain(opens.keys()) {
        let of = |sums: &BTreeMap<Coldkey, RaoDelta>| sums.get(coldkey).copied().unwrap_or_default();
        let (held, opens) = (of(&held), of(&opens));
        if held != opens {
            let what = format!("{held} rao of before are in its tranches, but it opens with {opens}");
            return Err(RowPlace(record.netuid, "stake_tranches", base).holder(*coldkey, what));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::base;
    use crate::block::{Detection, EpochRecord, Phase};
    use crate::check::{check, check_beside};
    use crate::ledger::{Entry, Flow, HolderTranches, Kind, Source};
    use crate::ports::{
        BalanceChange, Commit, Holder, OpenInterval, ReadRecord, Snapshot, TranchePage, Watermark,
        WholeRecord, WriteRecord,
    };
    use crate::store::MemoryStore;
    use crate::units::{
        BlockHash, BlockNumber, BlockRef, Coldkey, Hotkey, Millis, NetUid, PositionKey, Rao, RaoDelta,
    };
    use crate::window::span::tests::epoch;

    /// A holder of 5 sold 6 and bought 10 of which 9 came: a rao that nothing is left to pay is owed from
    /// then on, and the interval's rounding is 0. Then it sold the 9.
    fn owing() -> Commit {
        let (netuid, hotkey, coldkey) = (NetUid(2), Hotkey([1; 32]), Coldkey([2; 32]));
        let key = PositionKey { hotkey, coldkey };
        let watermark = Watermark {
            block: BlockRef { number: BlockNumber(61), hash: BlockHash::default() },
            time: Millis(61 * 12_000),
            first_block: BlockNumber(1),
            first_time: Millis(12_000),
            observed: BlockNumber(60),
            spec_version: 1,
        };
        let interval = OpenInterval { from: Some(BlockNumber(60)), ..OpenInterval::default() };
        let mut commit = Commit::without_rows(netuid, None, watermark, interval);
        let mut tranches = HolderTranches::default();
        for (block, kind, alpha) in [
            (19, Kind::Opening, 5),
            (25, Kind::StakeRemoved, -6),
            (26, Kind::StakeAdded, 10),
            (45, Kind::StakeRemoved, -9),
        ] {
            let source =
                (kind != Kind::Opening).then_some(Source { event_index: 1, phase: Phase::Extrinsic(1) });
            let (block, time) = (BlockNumber(block), Millis(block * 12_000));
            let entry = Entry { netuid, block, source, key, kind, alpha: RaoDelta(alpha) };
            let change = tranches.apply(&entry, time);
            commit.entries.push(entry);
            commit.times.insert(block, time);
            commit.tranches.extend(change.opened);
            commit.exits.extend(change.exits);
        }
        commit.holders.push(Holder { coldkey, since: BlockNumber(19) });
        commit.snapshots = [(19, 5), (39, 9), (59, 0)]
            .map(|(block, alpha)| Snapshot { block: BlockNumber(block), key, alpha: Rao(alpha) })
            .to_vec();
        commit.epochs = [20, 40, 60]
            .map(|block| EpochRecord {
                epoch: epoch(block),
                detected: Detection::Storage,
                changes: Vec::new(),
            })
            .to_vec();
        let change = |from, to, start, end, by_flow: &[(Flow, i128)]| BalanceChange {
            from: BlockNumber(from),
            to: BlockNumber(to),
            key,
            start: Rao(start),
            end: Rao(end),
            by_flow: by_flow.iter().map(|(flow, alpha)| (*flow, RaoDelta(*alpha))).collect(),
        };
        commit.balance_changes = vec![
            change(20, 39, 5, 9, &[(Flow::Inflow, 10), (Flow::Outflow, -6)]),
            change(40, 59, 9, 0, &[(Flow::Outflow, -9)]),
        ];
        commit
    }

    #[test]
    fn what_is_owed_where_a_record_begins_is_told_and_nothing_else_is() {
        let store = MemoryStore::new();
        store.commit(&owing()).now_or_never().unwrap().unwrap();
        let read = || {
            let record = store.record(NetUid(2)).now_or_never().unwrap().unwrap().unwrap();
            check_beside(&store, &record, &check(&record).unwrap()).now_or_never().unwrap().unwrap();
            let coldkeys = record.holders.iter().map(|holder| holder.coldkey).collect();
            let open =
                store.open_tranches(NetUid(2), &coldkeys, &TranchePage::ALL).now_or_never().unwrap().unwrap();
            (record, open)
        };
        let (record, before) = read();
        assert_eq!(base(&record), None);
        store.prune(NetUid(2), BlockNumber(40)).now_or_never().unwrap().unwrap();
        let (record, after) = read();
        assert_eq!(base(&record), Some(BlockNumber(40)));
        let entries: Vec<_> =
            record.entries.iter().map(|entry| (entry.block.0, entry.kind, entry.alpha.0)).collect();
        assert_eq!(
            entries,
            [(40, Kind::Rounding, -1), (40, Kind::Opening, 10), (45, Kind::StakeRemoved, -9)]
        );
        assert_eq!(after, before);
        for (alter, table) in [
            ((|record| record.tranches[0].initial.0 += 1) as fn(&mut Commit), "stake_tranches"),
            (|record| record.tranches[0].initial.0 -= 1, "stake_tranches"),
            (|record| record.entries[0].alpha.0 -= 1, "stake_snapshots"),
            (|record| record.entries.retain(|entry| entry.kind != Kind::Rounding), "stake_snapshots"),
            (|record| record.snapshots.clear(), "stake_snapshots"),
        ] {
            let mut altered = record.clone();
            alter(&mut altered);
            assert_eq!(check(&altered).unwrap_err().table, table);
        }
    }
}
