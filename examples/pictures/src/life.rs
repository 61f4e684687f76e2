//! Lives of miners: the multiplier day after day, from their ledgers, as a validator has it.

use std::collections::BTreeMap;

use vesting_core::kept::holdings;
use vesting_core::multiplier::multiplier;
use vesting_core::policy::{DAY_MS, DurationRule, Policy};
use vesting_core::ports::NeuronRow;
use vesting_core::window::Window;
use vesting_core::{
    BlockHash, BlockNumber, BlockRef, Coldkey, Entry, Epoch, Hotkey, Kind, Millis, NetUid, Phase,
    PositionKey, RaoDelta, Source, Successions, Uid, WindowLedger,
};

use crate::Error;
use crate::chart::{Line, Panel, picture as draw};
use crate::formulas::{days, multipliers};

const NETUID: NetUid = NetUid(1);
const KEY: PositionKey = PositionKey { hotkey: Hotkey([1; 32]), coldkey: Coldkey([2; 32]) };
/// The day before the miner registers: the subnet is older.
const BEFORE: u64 = 30;
/// The miner's last day that is shown.
const DAYS: u64 = 90;
/// A day in blocks.
const BLOCKS: u64 = 7_200;
/// A day's reward: one alpha.
const REWARD: i128 = 1_000_000_000;
/// The day on which one sells all.
const DAY: u64 = 45;

/// What a miner sells an hour after the day's reward, of its stake then.
type Sells = fn(day: u64, stake: i128) -> i128;

const LIVES: [(&str, Sells); 4] = [
    ("sells nothing", |_, _| 0),
    ("sells half", |_, _| REWARD / 2),
    ("all on day 45", |day, stake| if day == DAY { stake } else { 0 }),
    ("sells all", |_, stake| stake),
];

/// An epoch a day, at its end.
fn epoch(day: u64) -> Epoch {
    let block = |number| BlockRef { number: BlockNumber(number), hash: BlockHash::default() };
    let at = day * BLOCKS;
    Epoch {
        block: block(at),
        pre_block: block(at - 1),
        time: Millis(day * DAY_MS),
        index: None,
        tempo: 7_199,
        registered_at: BlockNumber(0),
    }
}

/// Who has bought half a reward, registers, earns a reward a day, and sells.
fn ledger(sells: Sells) -> Vec<Entry> {
    let entry = |block, index, kind, alpha| {
        let source = Some(Source { event_index: index, phase: Phase::Extrinsic(0) });
        Entry { netuid: NETUID, block: BlockNumber(block), source, key: KEY, kind, alpha: RaoDelta(alpha) }
    };
    let mut entries = vec![entry(BEFORE * BLOCKS + 1, 0, Kind::StakeAdded, REWARD / 2)];
    let mut earned = 0;
    for day in 1..=DAYS {
        let epoch = (BEFORE + day) * BLOCKS;
        entries.push(entry(epoch, 0, Kind::Incentive, REWARD));
        earned += REWARD;
        let sold = sells(day, earned);
        if sold > 0 {
            entries.push(entry(epoch + BLOCKS / 24, 0, Kind::StakeRemoved, -sold));
            earned -= sold;
        }
    }
    entries
}

/// The multiplier as of each of its days.
fn life(policy: &Policy, entries: &[Entry]) -> Result<Vec<(f64, f64)>, Error> {
    let epochs: Vec<Epoch> = (1..=BEFORE + DAYS).map(epoch).collect();
    let neuron = NeuronRow {
        uid: Uid(0),
        block: BlockNumber(BEFORE * BLOCKS + 2),
        holder: Some((KEY.hotkey, KEY.coldkey)),
    };
    let times: BTreeMap<BlockNumber, Millis> =
        entries.iter().map(|entry| (entry.block, Millis(entry.block.0 * (DAY_MS / BLOCKS)))).collect();
    let mut points = Vec::new();
    for (day, at) in (1u32..).zip(epochs.iter().filter(|epoch| epoch.block.number.0 > BEFORE * BLOCKS)) {
        let as_of = at.block.number;
        let window = Window::ending_at(&epochs, as_of, policy.retention_window, (BlockNumber(1), Millis(0)))
            .ok_or("there is no epoch")?;
        let (before, inside): (Vec<Entry>, Vec<Entry>) = entries
            .iter()
            .filter(|entry| entry.block <= as_of)
            .partition(|entry| entry.block <= window.start);
        let held: RaoDelta = before.iter().map(|entry| entry.alpha).sum();
        let balances = BTreeMap::from([(KEY, held)]);
        let ledger =
            WindowLedger::of(NETUID, window.clone(), &[neuron], &Successions::default(), balances, &inside);
        let histories: Vec<_> = ledger.tranches(policy.unattributed).into_values().flatten().collect();
        let found = holdings(&window, &ledger.holders, &histories, policy, &times)?;
        let holding = found.get(&KEY.coldkey).ok_or("the miner is no holder")?;
        points.push((f64::from(day), multiplier(holding, policy).factor.as_f64()));
    }
    Ok(points)
}

pub fn picture() -> Result<String, Error> {
    let panel = |rule: DurationRule| -> Result<Panel, Error> {
        let policy = Policy { duration_rule: rule, ..Policy::default() };
        let lines: Result<Vec<Line>, Error> = LIVES
            .iter()
            .map(|(label, sells)| {
                Ok(Line { label: (*label).to_owned(), points: life(&policy, &ledger(*sells))? })
            })
            .collect();
        let title = format!("duration_rule {}, window 30 days", rule.name());
        Ok(Panel { title, x: days(90, 15), y: multipliers(), lines: lines?, groups: Vec::new() })
    };
    let panels = [panel(DurationRule::Average)?, panel(DurationRule::SinceLastSale)?];
    let about = "The multiplier over 90 days of miners who earn evenly and sell nothing, half, all of it \
        once, or all of it, under both duration rules";
    Ok(draw(about, &panels, &[]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // tests

    use super::*;

    /// The multiplier as of a day.
    fn on(life: &[(f64, f64)], day: usize) -> f64 {
        life[day - 1].1
    }

    #[test]
    fn lives_are_what_the_page_says_of_them() {
        let of = |sells: usize| life(&Policy::default(), &ledger(LIVES[sells].1)).unwrap();
        let (honest, half, once, all) = (of(0), of(1), of(2), of(3));
        for day in 2..=usize::try_from(DAYS).unwrap() {
            assert!(on(&honest, day) > on(&half, day) && on(&half, day) > on(&all, day), "day {day}");
            assert!(on(&honest, day) >= on(&once, day), "day {day}");
        }
        // A sale is seen at the next epoch, and forgotten a window later but for what is then not held any more.
        assert!(on(&once, 46) < on(&honest, 46) && on(&once, 90) > on(&once, 60));
        let hundredths = |life: &[(f64, f64)]| [30, 60, 90].map(|day| format!("{:.2}", on(life, day)));
        assert_eq!(
            (hundredths(&honest), hundredths(&half)),
            (["1.35", "1.43", "1.46"].map(String::from), ["1.19", "1.27", "1.30"].map(String::from))
        );
        let policy = Policy { duration_rule: DurationRule::SinceLastSale, ..Policy::default() };
        let since = |sells: usize| life(&policy, &ledger(LIVES[sells].1)).unwrap();
        assert!(
            on(&since(1), 90) < 1.1 && on(&since(2), 75) > 1.45 && on(&once, 75) < 1.4 && on(&all, 90) < 1.1
        );
    }
}
