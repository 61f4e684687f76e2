//! Why a holder has its multiplier, and what would raise it. Every claim is worked out by the policy's own
//! formula, on the window's ledger with one thing changed.

use std::collections::{BTreeMap, BTreeSet};

use crate::block::Epoch;
use crate::ledger::{Entry, EntryId, Flow, Origin, TrancheHistory};
use crate::report::figures::HolderReport;
use crate::score::formula::Term;
use crate::score::holding::Holding;
use crate::score::kept::holdings;
use crate::score::multiplier::{LimitedBy, Multiplier, multiplier};
use crate::score::policy::Policy;
use crate::score::sales::MissingTime;
use crate::units::{BlockNumber, BlockRef, Coldkey, Millis, NetUid, Rao};
use crate::window::{Window, WindowLedger};

/// A block and its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct TimedBlock {
    /// The block.
    pub number: BlockNumber,
    /// Its time.
    pub time: Millis,
}

/// A multiplier explained.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The subnet.
    pub netuid: NetUid,
    /// The window.
    pub window: Window,
    /// The holder with its positions, and its multiplier.
    pub holder: HolderReport,
    /// How the multiplier follows. `None` where there is none to explain: if this is no holder of the window,
    /// or if the record does not cover the window.
    pub derivation: Option<Derivation>,
}

/// How a multiplier follows from the ledger, and what it would be otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Derivation {
    /// The terms of the formula; empty where the multiplier is not by the formula.
    pub terms: Vec<Term>,
    /// The first and the last reward of the window.
    pub rewards: Option<(TimedBlock, TimedBlock)>,
    /// The oldest reward of the window of which some is kept.
    pub oldest_kept: Option<TimedBlock>,
    /// The number of entries that are sales.
    pub sale_count: usize,
    /// The largest sales in ledger order, each with the multiplier without it.
    pub sales: Vec<Sale>,
    /// The multiplier if nothing had been sold.
    pub unsold: Multiplier,
    /// The multiplier if the stake reached the policy's minimum; `None` where it does. Stake that is bought
    /// has no other effect.
    pub with_minimum: Option<Multiplier>,
    /// The multiplier at some later times if nothing more is sold.
    pub forecasts: Vec<Forecast>,
}

/// A sale.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sale {
    /// The entry.
    pub entry: Entry,
    /// The time of its block, where the record has it.
    pub time: Option<Millis>,
    /// The part of it that was rewards of the window, in rao.
    pub rewards: Rao,
    /// The multiplier without this entry, all else as it was.
    pub without: Multiplier,
}

/// The multiplier at a later time if nothing more is sold. Until then the holder earns what it earned in the
/// same time before `as_of`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Forecast {
    /// How long after `as_of`, in ms.
    pub time: Millis,
    /// The rewards earned until then, in rao.
    pub rewards: u128,
    /// The multiplier then.
    pub multiplier: Multiplier,
}

/// How much to work out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Depth {
    /// How many of the largest sales to work out.
    pub sales: usize,
    /// The times after `as_of` to forecast, each at most the window's length.
    pub forecasts: Vec<Millis>,
}

/// One holder in a window's ledger, under a policy. `times` are the times of the window's blocks with
/// entries.
struct Case<'a> {
    ledger: &'a WindowLedger,
    coldkey: Coldkey,
    policy: &'a Policy,
    times: &'a BTreeMap<BlockNumber, Millis>,
}

impl Derivation {
    /// Explains the multiplier of a holder of the ledger's window. `coldkey` is the one it has at the
    /// window's end. `times` are the times of the window's blocks with entries. `None` for a coldkey that is
    /// no holder.
    ///
    /// # Errors
    /// When the duration rule needs a time that is missing in `times`.
    pub fn of(
        ledger: &WindowLedger,
        coldkey: Coldkey,
        policy: &Policy,
        times: &BTreeMap<BlockNumber, Millis>,
        depth: &Depth,
    ) -> Result<Option<Self>, MissingTime> {
        let case = Case { ledger, coldkey, policy, times };
        let (histories, Some(start)) = (case.histories(ledger), ledger.holders.get(&coldkey).copied()) else {
            return Ok(None);
        };
        let Some(holding) = case.holding(&histories, start, &ledger.window)? else { return Ok(None) };
        let found = multiplier(&holding, policy);
        let rewards: Vec<&TrancheHistory> = histories
            .iter()
            .filter(|h| h.tranche.origin == Origin::Reward && h.tranche.id.block > start)
            .collect();
        let at = |history: &&TrancheHistory| TimedBlock {
            number: history.tranche.id.block,
            time: history.tranche.time,
        };
        let first_and_last = rewards.iter().map(at).min().zip(rewards.iter().map(at).max());
        let sold: BTreeSet<EntryId> = case.sold().map(EntryId::of).collect();
        let mut forecasts = Vec::new();
        for time in &depth.forecasts {
            forecasts.extend(case.forecast(start, *time)?);
        }
        let by_formula = !matches!(found.limited_by, LimitedBy::MinimumStake | LimitedBy::NothingEarned);
        Ok(Some(Self {
            terms: if by_formula { policy.formula.terms(&holding, policy) } else { Vec::new() },
            rewards: first_and_last,
            oldest_kept: rewards.iter().filter(|history| history.remaining() > Rao::ZERO).map(at).min(),
            sale_count: sold.len(),
            sales: case.sales(&histories, start, depth.sales)?,
            unsold: case.without(start, &sold)?.unwrap_or(found),
            with_minimum: (found.limited_by == LimitedBy::MinimumStake)
                .then(|| multiplier(&holding, &Policy { minimum_stake: Rao::ZERO, ..policy.clone() })),
            forecasts,
        }))
    }
}

impl Case<'_> {
    /// The holder's tranches under the coldkey it has at the end.
    fn histories(&self, ledger: &WindowLedger) -> Vec<TrancheHistory> {
        ledger
            .histories(self.policy.unattributed)
            .into_iter()
            .filter(|history| history.tranche.coldkey == self.coldkey)
            .collect()
    }

    fn holding(
        &self,
        histories: &[TrancheHistory],
        start: BlockNumber,
        window: &Window,
    ) -> Result<Option<Holding>, MissingTime> {
        let holders = BTreeMap::from([(self.coldkey, start)]);
        Ok(holdings(window, &holders, histories, self.policy, self.times)?.remove(&self.coldkey))
    }

    /// The sales.
    fn sold(&self) -> impl Iterator<Item = &Entry> {
        self.ledger
            .entries_of(self.coldkey)
            .filter(|entry| entry.alpha.0 < 0 && self.policy.unattributed.is_sale(entry.flow()))
    }

    /// The multiplier without these entries.
    fn without(
        &self,
        start: BlockNumber,
        gone: &BTreeSet<EntryId>,
    ) -> Result<Option<Multiplier>, MissingTime> {
        let own: BTreeSet<(EntryId, Coldkey)> = self
            .sold()
            .map(|entry| (EntryId::of(entry), entry.key.coldkey))
            .filter(|(id, _)| gone.contains(id))
            .collect();
        let mut ledger = self.ledger.clone();
        ledger.entries.retain(|entry| !own.contains(&(EntryId::of(entry), entry.key.coldkey)));
        let holding = self.holding(&self.histories(&ledger), start, &ledger.window)?;
        Ok(holding.map(|holding| multiplier(&holding, self.policy)))
    }

    fn sales(
        &self,
        histories: &[TrancheHistory],
        start: BlockNumber,
        most: usize,
    ) -> Result<Vec<Sale>, MissingTime> {
        let mut taken: BTreeMap<EntryId, u64> = BTreeMap::new();
        for history in
            histories.iter().filter(|h| h.tranche.origin == Origin::Reward && h.tranche.id.block > start)
        {
            for exit in &history.exits {
                let rewards = taken.entry(exit.by).or_default();
                *rewards = rewards.saturating_add(exit.amount.0);
            }
        }
        let mut largest: Vec<&Entry> = self.sold().collect();
        // The largest first; among equal ones the oldest.
        largest.sort_by_key(|entry| (std::cmp::Reverse(entry.alpha.magnitude()), entry.order()));
        largest.truncate(most);
        largest.sort_by_key(|entry| entry.order());
        let mut sales = Vec::new();
        for entry in largest {
            let id = EntryId::of(entry);
            let Some(without) = self.without(start, &BTreeSet::from([id]))? else { continue };
            let rewards = Rao(taken.get(&id).copied().unwrap_or_default());
            sales.push(Sale { entry: *entry, time: self.times.get(&entry.block).copied(), rewards, without });
        }
        Ok(sales)
    }

    /// Continues the ledger with a copy of the emission of the last `time`, and moves the window by as much.
    fn forecast(&self, start: BlockNumber, time: Millis) -> Result<Option<Forecast>, MissingTime> {
        let now = &self.ledger.window;
        let since = now.as_of.time.0.saturating_sub(time.0);
        let again: Vec<&Epoch> = now.epochs.iter().filter(|epoch| epoch.time.0 > since).collect();
        let Some(first) = again.first().filter(|_| time.0 > 0 && time <= now.length) else { return Ok(None) };
        let before = first.pre_block.number;
        let blocks = now.as_of.block.number.0.saturating_sub(before.0);
        let later = |block: BlockNumber| BlockNumber(block.0.saturating_add(blocks));
        let moved = |epoch: &Epoch| {
            let at = |block: BlockRef| BlockRef { number: later(block.number), ..block };
            let time = Millis(epoch.time.0.saturating_add(time.0));
            Epoch { block: at(epoch.block), pre_block: at(epoch.pre_block), time, ..*epoch }
        };
        let as_of = moved(&now.as_of);
        let epochs: Vec<Epoch> =
            now.epochs.iter().copied().chain(again.iter().map(|epoch| moved(epoch))).collect();
        let begin = as_of.time.0.saturating_sub(now.length.0);
        let first_inside =
            epochs.iter().find(|epoch| epoch.time.0 > begin).map_or(as_of.pre_block, |epoch| epoch.pre_block);
        let mut ledger = self.ledger.clone();
        let earned = self
            .ledger
            .entries_of(self.coldkey)
            .filter(|entry| entry.block > before && entry.flow() == Flow::Emission);
        let earned: Vec<Entry> = earned
            .map(|entry| {
                // Under the coldkey that the holder has at the end.
                let key = crate::units::PositionKey { coldkey: self.coldkey, ..entry.key };
                Entry { block: later(entry.block), key, ..*entry }
            })
            .collect();
        let rewards = earned.iter().filter(|entry| entry.kind == crate::ledger::Kind::Incentive);
        let rewards = rewards.fold(0u128, |sum, entry| sum.saturating_add(entry.alpha.magnitude()));
        ledger.entries.extend(earned);
        ledger.window = Window { as_of, start: first_inside.number, epochs, ..now.clone() };
        // Whatever the holder has when the moved window begins is its opening there.
        let holding =
            self.holding(&self.histories(&ledger), start.max(first_inside.number), &ledger.window)?;
        Ok(holding.map(|holding| Forecast { time, rewards, multiplier: multiplier(&holding, self.policy) }))
    }
}
