//! `StakeTracker`: what each miner holds as of an epoch, and the multiplier that follows.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::miner::{miner, share};
use crate::block::Epoch;
use crate::digest::WindowState;
use crate::ledger::Successions;
use crate::ports::{ReadRecord, StoreError};
use crate::report::error::TrackerError;
use crate::report::explain::{Depth, Derivation, Explanation};
use crate::report::figures::{HolderReport, position_figures, positions_of};
use crate::report::history::{HistoryPoint, history, name_at};
use crate::report::holder_query::HolderQuery;
use crate::report::judged::{JudgedMiner, ScoredHolder};
use crate::report::miners::Report;
use crate::report::stretch::{Stretch, StretchQuery};
use crate::score::kept::holdings;
use crate::score::policy::{DurationRule, Policy};
use crate::store::newest_epochs;
use crate::units::{BlockNumber, Coldkey, NetUid};
use crate::window::WindowLedger;

/// Works out reports, explanations and histories from a record.
///
/// ```
/// use std::sync::Arc;
///
/// use futures_util::FutureExt as _; // no runtime is needed: a store in memory answers at once
/// use vesting_core::policy::Policy;
/// use vesting_core::{MemoryStore, NetUid, StakeTracker};
///
/// let tracker = StakeTracker::new(Arc::new(MemoryStore::new()));
/// let report = tracker.report(NetUid(2), &Policy::default(), None).now_or_never().unwrap();
/// assert_eq!(report.unwrap_err().to_string(), "there is no record of subnet 2");
/// ```
///
/// A report has a line for every neuron of the record. [`VestingSystem`](crate::system::VestingSystem) makes
/// a record from a chain. The documentation of `vesting-testkit` shows both on a simulated chain.
#[derive(Clone)]
pub struct StakeTracker {
    store: Arc<dyn ReadRecord>,
}

impl StakeTracker {
    /// A tracker over a record.
    #[must_use]
    pub fn new(store: Arc<dyn ReadRecord>) -> Self {
        Self { store }
    }

    /// The report as of the last recorded epoch at or before `as_of`, under a policy.
    ///
    /// # Errors
    /// When no epoch is recorded up to there, when the record lacks the times of sales that the policy's
    /// duration rule needs, or when the store cannot be read.
    pub async fn report(
        &self,
        netuid: NetUid,
        policy: &Policy,
        as_of: Option<BlockNumber>,
    ) -> Result<Report, TrackerError> {
        Ok(self.unless_pruned(netuid, async || self.work_out(netuid, policy, as_of).await).await?.0)
    }

    /// The report with the state it follows from, to digest that state or to compare it with another
    /// record's.
    ///
    /// # Errors
    /// As [`StakeTracker::report`]; [`StoreError::Corrupt`] when the store was never bound to a chain.
    pub async fn state(
        &self,
        netuid: NetUid,
        policy: &Policy,
        as_of: Option<BlockNumber>,
    ) -> Result<(Report, WindowState), TrackerError> {
        let (report, ledger) =
            self.unless_pruned(netuid, async || self.work_out(netuid, policy, as_of).await).await?;
        // Only now: of a record that has not begun, the error above says more.
        let genesis = self.store.genesis().await?;
        let genesis = genesis
            .ok_or_else(|| StoreError::Corrupt("it does not say of which chain its record is".to_owned()))?;
        let neurons = report.miners.iter().map(|miner| miner.neuron).collect();
        let multipliers =
            report.holders.iter().map(|(coldkey, holder)| (*coldkey, holder.multiplier)).collect();
        Ok((report, WindowState { genesis, neurons, ledger, multipliers }))
    }

    /// Why a holder has its multiplier as of the last recorded epoch at or before `as_of`, and what would
    /// raise it.
    ///
    /// # Errors
    /// As [`StakeTracker::report`], and [`TrackerError::Nobody`].
    pub async fn explain(
        &self,
        netuid: NetUid,
        policy: &Policy,
        query: HolderQuery,
        as_of: Option<BlockNumber>,
        depth: &Depth,
    ) -> Result<Explanation, TrackerError> {
        self.unless_pruned(netuid, async || self.explained(netuid, policy, query, as_of, depth).await).await
    }

    async fn explained(
        &self,
        netuid: NetUid,
        policy: &Policy,
        query: HolderQuery,
        as_of: Option<BlockNumber>,
        depth: &Depth,
    ) -> Result<Explanation, TrackerError> {
        let coldkey = self.find(netuid, query, as_of, 1).await?.coldkey;
        let query = StretchQuery { times: true, only: Some(coldkey), ..stretch_query(netuid, policy, as_of) };
        let stretch = Stretch::read(self.store.as_ref(), query).await?;
        let ledger =
            stretch.ledgers(policy.retention_window).next().ok_or_else(|| stretch.no_epoch(as_of))?;
        let (window, block) = (ledger.window.clone(), ledger.window.as_of.block.number);
        let tranches = ledger.histories(policy.unattributed);
        let found = holdings(&window, &ledger.holders, &tranches, policy, &stretch.times)?.remove(&coldkey);
        let holder = found.map(|holding| ScoredHolder::new(holding, policy));
        let neurons = stretch.neurons_at(block);
        let registered = neurons.values().any(|neuron| neuron.coldkey == coldkey);
        let incomplete = window.incomplete_since.is_some();
        let judged = JudgedMiner::new(holder.as_ref(), incomplete, registered);
        let stakes = self.store.positions_at(netuid, block).await?;
        let figures = position_figures(&ledger.holders, &tranches, policy.unattributed);
        let holder = HolderReport {
            coldkey,
            holding: judged.holding,
            multiplier: judged.multiplier,
            reason: judged.reason,
            locked: self.store.locks_at(netuid, block).await?.get(&coldkey).copied(),
            positions: positions_of(coldkey, &neurons, &stakes, &figures),
        };
        let derivation =
            if incomplete { None } else { Derivation::of(&ledger, coldkey, policy, &stretch.times, depth)? };
        Ok(Explanation { netuid, window, holder, derivation })
    }

    /// A holder as of each of the last `epochs` recorded epochs at or before `as_of`, under a policy. The
    /// oldest comes first. The record is read once, however many they are.
    ///
    /// # Errors
    /// As [`StakeTracker::explain`].
    pub async fn history(
        &self,
        netuid: NetUid,
        policy: &Policy,
        query: HolderQuery,
        as_of: Option<BlockNumber>,
        epochs: usize,
    ) -> Result<Vec<HistoryPoint>, TrackerError> {
        self.history_beside(netuid, policy, query, as_of, epochs, &|_, _| None).await
    }

    /// The same history, where some points may be known. `known` gives the point that an earlier call gave of
    /// a coldkey as of an epoch, from the same record under the same policy. The record is read once for each
    /// run of epochs whose points are not known.
    ///
    /// # Errors
    /// As [`StakeTracker::explain`].
    pub async fn history_beside(
        &self,
        netuid: NetUid,
        policy: &Policy,
        query: HolderQuery,
        as_of: Option<BlockNumber>,
        epochs: usize,
        known: &(dyn Fn(&Epoch, Coldkey) -> Option<HistoryPoint> + Sync),
    ) -> Result<Vec<HistoryPoint>, TrackerError> {
        self.unless_pruned(netuid, async || {
            let asked = self.epoch_names(netuid, query, as_of, epochs).await?;
            let known: Vec<Option<HistoryPoint>> =
                asked.iter().map(|(epoch, coldkey)| known(epoch, *coldkey)).collect();
            let mut points = Vec::with_capacity(asked.len());
            let mut asked = asked.into_iter();
            for run in known.chunk_by(|one, other| one.is_some() == other.is_some()) {
                // Takes as many epochs as the run has places.
                let Some((last, coldkey)) = run.len().checked_sub(1).and_then(|more| asked.nth(more)) else {
                    continue;
                };
                if run.first().is_some_and(Option::is_some) {
                    points.extend(run.iter().flatten());
                    continue;
                }
                let query = StretchQuery {
                    windows: run.len(),
                    only: Some(coldkey),
                    ..stretch_query(netuid, policy, Some(last.block.number))
                };
                points.extend(history(&Stretch::read(self.store.as_ref(), query).await?, coldkey, policy)?);
            }
            Ok(points)
        })
        .await
    }

    /// The epochs of a holder's history, each with the coldkey that the holder had then.
    ///
    /// # Errors
    /// As [`StakeTracker::explain`].
    pub async fn epoch_names(
        &self,
        netuid: NetUid,
        query: HolderQuery,
        as_of: Option<BlockNumber>,
        epochs: usize,
    ) -> Result<Vec<(Epoch, Coldkey)>, TrackerError> {
        let FoundHolder { coldkey, epochs: all, successions } =
            self.find(netuid, query, as_of, epochs).await?;
        let first = all.len().saturating_sub(epochs);
        Ok(all
            .into_iter()
            .skip(first)
            .map(|epoch| (epoch, name_at(coldkey, &successions, epoch.block.number)))
            .collect())
    }

    /// The reports under two policies, as of each of the last `epochs` recorded epochs at or before `as_of`.
    /// The oldest comes first. The record is read once.
    ///
    /// # Errors
    /// As [`StakeTracker::report`].
    pub async fn compare(
        &self,
        netuid: NetUid,
        policies: [&Policy; 2],
        as_of: Option<BlockNumber>,
        epochs: usize,
    ) -> Result<Vec<[Report; 2]>, TrackerError> {
        self.unless_pruned(netuid, async || self.compared(netuid, policies, as_of, epochs).await).await
    }

    async fn compared(
        &self,
        netuid: NetUid,
        policies: [&Policy; 2],
        as_of: Option<BlockNumber>,
        epochs: usize,
    ) -> Result<Vec<[Report; 2]>, TrackerError> {
        let [one, other] = policies;
        let query = StretchQuery {
            windows: epochs,
            length: one.retention_window.max(other.retention_window),
            times: policies.iter().any(|policy| policy.duration_rule == DurationRule::SinceLastSale),
            ..stretch_query(netuid, one, as_of)
        };
        let stretch = Stretch::read(self.store.as_ref(), query).await?;
        let mut found = Vec::new();
        for (ours, theirs) in
            stretch.ledgers(one.retention_window).zip(stretch.ledgers(other.retention_window))
        {
            found.push([
                self.report_on(&stretch, &ours, one).await?,
                self.report_on(&stretch, &theirs, other).await?,
            ]);
        }
        Ok(found)
    }

    /// Works something out from one state of the record: if the record is pruned meanwhile, it is worked out
    /// again. Otherwise some rows would be from before the prune, and the removed ones would count as
    /// nothing.
    async fn unless_pruned<T>(
        &self,
        netuid: NetUid,
        work: impl AsyncFn() -> Result<T, TrackerError>,
    ) -> Result<T, TrackerError> {
        let begins = async || {
            Ok::<_, StoreError>(self.store.watermark(netuid).await?.map(|watermark| watermark.first_block))
        };
        let mut begun = begins().await?;
        loop {
            let done = work().await;
            let now = begins().await?;
            if now == begun {
                return done;
            }
            begun = now;
        }
    }

    /// Finds the holder as of `as_of`, and at least the `least` newest epochs up to there, or all there are.
    async fn find(
        &self,
        netuid: NetUid,
        query: HolderQuery,
        as_of: Option<BlockNumber>,
        least: usize,
    ) -> Result<FoundHolder, TrackerError> {
        let watermark = self.store.watermark(netuid).await?.ok_or(TrackerError::NotRecorded(netuid))?;
        let asked = as_of.unwrap_or(watermark.block.number);
        let from = watermark.first_block;
        let enough = |epochs: &[Epoch]| epochs.len() >= least.max(1);
        let epochs = newest_epochs(self.store.as_ref(), netuid, from, asked, enough).await?;
        let as_of = epochs.last().map(|epoch| epoch.block.number).ok_or(TrackerError::NoEpoch {
            netuid,
            as_of: asked,
            from,
        })?;
        let neurons = self.store.neurons(netuid, as_of).await?;
        let successions = Successions::new(self.store.successions(netuid, as_of).await?);
        let holders = self.store.holders(netuid).await?;
        let coldkey = query.find(&neurons, &successions, &holders, as_of).ok_or(TrackerError::Nobody {
            netuid,
            query,
            as_of,
        })?;
        Ok(FoundHolder { coldkey, epochs, successions })
    }

    async fn work_out(
        &self,
        netuid: NetUid,
        policy: &Policy,
        as_of: Option<BlockNumber>,
    ) -> Result<(Report, WindowLedger), TrackerError> {
        let stretch = Stretch::read(self.store.as_ref(), stretch_query(netuid, policy, as_of)).await?;
        let ledger =
            stretch.ledgers(policy.retention_window).next().ok_or_else(|| stretch.no_epoch(as_of))?;
        Ok((self.report_on(&stretch, &ledger, policy).await?, ledger))
    }

    async fn report_on(
        &self,
        stretch: &Stretch,
        ledger: &WindowLedger,
        policy: &Policy,
    ) -> Result<Report, TrackerError> {
        let (netuid, window) = (ledger.netuid, ledger.window.clone());
        let block = window.as_of.block.number;
        let positions = self.store.positions_at(netuid, block).await?;
        let locks = self.store.locks_at(netuid, block).await?;
        let tranches = ledger.histories(policy.unattributed);
        let figures = position_figures(&ledger.holders, &tranches, policy.unattributed);
        let holders: BTreeMap<Coldkey, ScoredHolder> =
            holdings(&window, &ledger.holders, &tranches, policy, &stretch.times)?
                .into_iter()
                .map(|(coldkey, holding)| (coldkey, ScoredHolder::new(holding, policy)))
                .collect();
        let miners = stretch
            .neurons_at(block)
            .into_values()
            .map(|neuron| {
                let holder = holders.get(&neuron.coldkey);
                let mut report = miner(neuron, &positions, holder, window.incomplete_since.is_some());
                report.figures = figures.get(&neuron.position()).copied().unwrap_or_default();
                report.locked_stake = locks.get(&neuron.coldkey).map(|locked| {
                    let held = positions
                        .iter()
                        .filter(|(key, _)| key.coldkey == neuron.coldkey)
                        .map(|(_, alpha)| u128::from(alpha.0))
                        .sum();
                    share(report.stake, u128::from(locked.0), held)
                });
                report
            })
            .collect();
        Ok(Report { netuid, window, holders, miners })
    }
}

/// A holder that was found by one of its names.
struct FoundHolder {
    /// Its coldkey as of the last of these epochs.
    coldkey: Coldkey,
    epochs: Vec<Epoch>,
    successions: Successions,
}

/// What a report under a policy reads.
fn stretch_query(netuid: NetUid, policy: &Policy, as_of: Option<BlockNumber>) -> StretchQuery {
    let times = policy.duration_rule == DurationRule::SinceLastSale;
    StretchQuery { netuid, as_of, windows: 1, length: policy.retention_window, times, only: None }
}
