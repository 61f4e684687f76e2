//! `StakeTracker`: what each miner holds and which multiplier follows, as of an epoch.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::digest::WindowState;
use crate::holding::{Holding, holdings};
use crate::multiplier::{LimitedBy, Multiplier, multiplier};
use crate::policy::{DurationRule, Policy};
use crate::ports::{StakeStore, StoreError};
use crate::sales::MissingTime;
use crate::window::Window;
use crate::{BlockNumber, Coldkey, NetUid, Neuron, PositionKey, Ppb, Rao, Tranche, TrancheHistory, Uid, WindowLedger};

/// Why there is no report. Reaction: as said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrackerError {
    /// The store. Reaction: as its kind says.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The subnet has no record. Reaction: catch up first.
    #[error("there is no record of subnet {0}: run `vesting catch-up --netuid {0}` first")]
    NotRecorded(NetUid),
    /// No epoch is recorded at or before the block asked for. Reaction: ask for a later one, or catch up.
    #[error("no epoch of subnet {netuid} is recorded at or before block {as_of}: catch up further, or ask for a later block")]
    NoEpoch {
        /// The subnet.
        netuid: NetUid,
        /// The block asked for.
        as_of: BlockNumber,
    },
    /// The record lacks what the duration rule needs. Reaction: as said.
    #[error(transparent)]
    MissingTime(#[from] MissingTime),
}

/// Why a miner has the multiplier it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The formula, limited by this.
    Formula(LimitedBy),
    /// Its coldkey owned no neuron before any epoch of the window.
    Newcomer,
    /// The record does not cover the window.
    Incomplete,
    /// No neuron of the subnet has this hotkey.
    UnknownHotkey,
    /// The subnet has no neuron with this uid.
    UnknownUid(Uid),
    /// The uid belongs to another hotkey.
    UidMismatch(Uid),
    /// The policy says: change nothing.
    Shadow,
    /// The policy takes effect at a later block.
    NotEffective(BlockNumber),
    /// The weight is what multipliers took from others.
    Burned,
    /// The subnet has no neuron with the uid that is to get what is burned.
    NoBurnNeuron(Uid),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Formula(LimitedBy::HoldingPercentage) => f.write_str("limited by the part of the rewards that is kept"),
            Self::Formula(LimitedBy::HoldingDuration) => f.write_str("limited by how long rewards have been held"),
            Self::Formula(LimitedBy::NothingEarned) => f.write_str("nothing was earned in the window"),
            Self::Formula(LimitedBy::MinimumStake) => f.write_str("the stake is under the minimum"),
            Self::Formula(LimitedBy::Nothing) => f.write_str("the largest multiplier"),
            Self::Newcomer => f.write_str("registered after the last epoch"),
            Self::Incomplete => f.write_str("the record does not cover the window yet"),
            Self::UnknownHotkey => f.write_str("no neuron of the subnet has this hotkey"),
            Self::UnknownUid(uid) => write!(f, "no neuron of the subnet has uid {uid}"),
            Self::UidMismatch(uid) => write!(f, "the hotkey has uid {uid} on the chain"),
            Self::Shadow => f.write_str("shadow: computed, not applied"),
            Self::NotEffective(block) => write!(f, "the policy takes effect at block {block}"),
            Self::Burned => f.write_str("what multipliers took from others"),
            Self::NoBurnNeuron(uid) => write!(f, "no neuron of the subnet has the `burn_uid` {uid}"),
        }
    }
}

/// One neuron as of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinerReport {
    /// The neuron.
    pub neuron: Neuron,
    /// Its position: its owner's stake on its hotkey.
    pub stake: Rao,
    /// The part of it that was there when the holder's history in the window starts.
    pub opening_stake: Rao,
    /// The part earned in the window and kept.
    pub earned_stake: Rao,
    /// The rest: bought, moved in, received.
    pub manual_stake: Rao,
    /// The part of it that cannot be moved, by locks or as collateral; `None` where that is not known. As
    /// with what was earned, a position has its holder's part in proportion.
    pub locked_stake: Option<Rao>,
    /// Its holder's holding.
    pub holding: Option<Holding>,
    /// Its holder's multiplier.
    pub multiplier: Multiplier,
    /// Why.
    pub reason: Reason,
}

/// A subnet as of an epoch, under a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The subnet.
    pub netuid: NetUid,
    /// The window.
    pub window: Window,
    /// The holders of the window.
    pub holders: BTreeMap<Coldkey, (Holding, Multiplier)>,
    /// The neurons at `as_of`, by uid.
    pub miners: Vec<MinerReport>,
}

/// Manages stake metrics from the record.
#[derive(Clone)]
pub struct StakeTracker {
    store: Arc<dyn StakeStore>,
}

impl StakeTracker {
    /// A tracker over a record.
    #[must_use]
    pub fn new(store: Arc<dyn StakeStore>) -> Self {
        Self { store }
    }

    /// The report as of the last recorded epoch at or before `as_of`, under a policy.
    ///
    /// # Errors
    /// When nothing is recorded up to there, what is recorded lacks the times of sales that the policy
    /// asks for, or the store cannot be read.
    pub async fn report(&self, netuid: NetUid, policy: &Policy, as_of: Option<BlockNumber>) -> Result<Report, TrackerError> {
        Ok(self.work_out(netuid, policy, as_of).await?.0)
    }

    /// The report with everything it follows from, to digest it or to compare it with another's.
    ///
    /// # Errors
    /// As [`StakeTracker::report`]; [`StoreError::Corrupt`] when the store was never bound to a chain.
    pub async fn state(&self, netuid: NetUid, policy: &Policy, as_of: Option<BlockNumber>) -> Result<(Report, WindowState), TrackerError> {
        let (report, ledger) = self.work_out(netuid, policy, as_of).await?;
        // After it: a record that has not begun has no chain either.
        let genesis = self.store.genesis().await?;
        let genesis = genesis.ok_or_else(|| StoreError::Corrupt("it does not say of which chain its record is".to_owned()))?;
        let neurons = report.miners.iter().map(|miner| miner.neuron).collect();
        let multipliers = report.holders.iter().map(|(coldkey, (_, multiplier))| (*coldkey, *multiplier)).collect();
        Ok((report, WindowState { genesis, neurons, ledger, multipliers }))
    }

    async fn work_out(&self, netuid: NetUid, policy: &Policy, as_of: Option<BlockNumber>) -> Result<(Report, WindowLedger), TrackerError> {
        let watermark = self.store.watermark(netuid).await?.ok_or(TrackerError::NotRecorded(netuid))?;
        let asked = as_of.unwrap_or(watermark.block.number);
        let epochs = self.store.epoch_list(netuid, BlockNumber(0), asked).await?;
        let recorded = (watermark.first_block, watermark.first_time);
        let window =
            Window::ending_at(&epochs, asked, policy.retention_window, recorded).ok_or(TrackerError::NoEpoch { netuid, as_of: asked })?;
        let block = window.as_of.block.number;
        let rows = self.store.neurons(netuid, block).await?;
        let positions = self.store.positions_at(netuid, block).await?;
        let locks = self.store.locks_at(netuid, block).await?;
        let ledger = WindowLedger::read(self.store.as_ref(), netuid, window.clone()).await?;
        // Each tranche under the name that its holder has now.
        let tranches: Vec<TrancheHistory> = ledger
            .tranches()
            .into_iter()
            .flat_map(|(coldkey, histories)| {
                histories.into_iter().map(move |history| TrancheHistory { tranche: Tranche { coldkey, ..history.tranche }, ..history })
            })
            .collect();
        let times = match policy.duration_rule {
            DurationRule::Average => BTreeMap::new(),
            DurationRule::SinceLastSale => self.store.block_times(netuid, window.start.child(), block).await?,
        };
        let holders: BTreeMap<Coldkey, (Holding, Multiplier)> =
            holdings(&window, &ledger.holders, &tranches, policy.duration_rule, &times)?
                .into_iter()
                .map(|(coldkey, holding)| (coldkey, (holding, multiplier(&holding, policy))))
                .collect();
        let mut neurons: BTreeMap<Uid, Neuron> = BTreeMap::new();
        for row in &rows {
            match row.holder {
                Some((hotkey, coldkey)) => neurons.insert(row.uid, Neuron { uid: row.uid, hotkey, coldkey }),
                None => neurons.remove(&row.uid),
            };
        }
        let miners = neurons
            .into_values()
            .map(|neuron| {
                let holder = holders.get(&neuron.coldkey);
                let mut report = miner(neuron, &positions, holder, window.incomplete_since.is_some());
                report.locked_stake = locks.get(&neuron.coldkey).map(|locked| {
                    let held =
                        positions.iter().filter(|(key, _)| key.coldkey == neuron.coldkey).map(|(_, alpha)| u128::from(alpha.0)).sum();
                    share(report.stake, u128::from(locked.0), held)
                });
                report
            })
            .collect();
        Ok((Report { netuid, window, holders, miners }, ledger))
    }
}

fn miner(neuron: Neuron, positions: &BTreeMap<PositionKey, Rao>, holder: Option<&(Holding, Multiplier)>, incomplete: bool) -> MinerReport {
    let stake = positions.get(&neuron.position()).copied().unwrap_or_default();
    let (opening_stake, earned_stake) = holder.map_or((stake, Rao::ZERO), |(holding, _)| {
        (
            share(stake, holding.opening, holding.stake().0.into()),
            share(stake, holding.rewards_kept.saturating_add(holding.other_kept), holding.stake().0.into()),
        )
    });
    let manual_stake = Rao(stake.0.saturating_sub(opening_stake.0).saturating_sub(earned_stake.0));
    let one = Multiplier { factor: Ppb::ONE, zero_weight: false, limited_by: LimitedBy::NothingEarned };
    let (multiplier, reason) = match holder {
        _ if incomplete => (one, Reason::Incomplete),
        Some((_, multiplier)) => (*multiplier, Reason::Formula(multiplier.limited_by)),
        None => (one, Reason::Newcomer),
    };
    MinerReport {
        neuron,
        stake,
        opening_stake,
        earned_stake,
        manual_stake,
        locked_stake: None,
        holding: holder.map(|(holding, _)| *holding),
        multiplier,
        reason,
    }
}

/// Tranches belong to the holder, not to a hotkey: a position has the holder's parts in proportion.
fn share(stake: Rao, part: u128, whole: u128) -> Rao {
    let share = u128::from(stake.0).saturating_mul(part).checked_div(whole).unwrap_or(0);
    Rao(u64::try_from(share).unwrap_or(stake.0).min(stake.0))
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::MemoryStore;

    #[test]
    fn a_record_that_has_not_begun_is_not_damaged() {
        let tracker = StakeTracker::new(Arc::new(MemoryStore::new()));
        let state = tracker.state(NetUid(7), &Policy::default(), None).now_or_never().unwrap();
        assert_eq!(state.unwrap_err(), TrackerError::NotRecorded(NetUid(7)));
    }
}
