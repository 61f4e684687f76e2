//! A subnet in figures.

use crate::block::Epoch;
use crate::ledger::Kind;
use crate::ports::{ReadRecord, StoreError, Watermark};
use crate::report::Report;
use crate::units::{BlockNumber, NetUid, Ppb, RaoDelta};

/// A subnet in figures, as of an epoch, under a policy. Sums are over the window.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VestingStats {
    /// The subnet.
    pub netuid: NetUid,
    /// The epoch.
    pub as_of: Epoch,
    /// The window starts at the end of this block.
    pub window_start: BlockNumber,
    /// Epochs of the window.
    pub epochs: usize,
    /// The first recorded block, if it is inside the window. Every multiplier is then 1.
    pub incomplete_since: Option<BlockNumber>,
    /// The end of the record; `None` if the record was removed meanwhile.
    pub recorded: Option<Watermark>,
    /// Neurons at `as_of`.
    pub miners: usize,
    /// Holders of the window.
    pub holders: usize,
    /// Σ of the neurons' own positions.
    pub total_stake: RaoDelta,
    /// The number of entries by which emission came to holders.
    pub emissions: usize,
    /// Σ of these entries.
    pub total_emission: RaoDelta,
    /// Σ of the magnitudes of rounding entries.
    pub rounding: RaoDelta,
    /// Σ of the magnitudes of unattributed entries.
    pub unattributed: RaoDelta,
    /// The mean of h over the holders that earned something, floored.
    pub mean_holding_percentage: Option<Ppb>,
    /// The mean of d in ms over the holders that had rewards to hold, floored.
    pub mean_holding_duration_ms: Option<u64>,
    /// The smallest, mean (floored) and largest multiplier of the neurons.
    pub multipliers: Option<(Ppb, Ppb, Ppb)>,
}

impl VestingStats {
    /// The figures of a report over the record it was made from.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn read(store: &dyn ReadRecord, report: &Report) -> Result<Self, StoreError> {
        let (netuid, as_of) = (report.netuid, report.window.as_of);
        let entries = store.entries(netuid, report.window.start.child(), as_of.block.number).await?;
        let emission = entries
            .iter()
            .filter(|e| matches!(e.kind, Kind::Incentive | Kind::DividendOrOther | Kind::RootClaim));
        let magnitude = |kind: Kind| {
            entries
                .iter()
                .filter(|e| e.kind == kind)
                .map(|e| RaoDelta(e.alpha.0.saturating_abs()))
                .sum::<RaoDelta>()
        };
        let factors: Vec<u64> = report
            .miners
            .iter()
            .map(|m| if m.multiplier.zero_weight { 0 } else { m.multiplier.factor.0 })
            .collect();
        let multipliers = match (factors.iter().min(), mean(factors.iter().copied()), factors.iter().max()) {
            (Some(lowest), Some(mean), Some(highest)) => Some((Ppb(*lowest), Ppb(mean), Ppb(*highest))),
            _ => None,
        };
        Ok(Self {
            netuid,
            as_of,
            window_start: report.window.start,
            epochs: report.window.epochs.len(),
            incomplete_since: report.window.incomplete_since,
            recorded: store.watermark(netuid).await?,
            miners: report.miners.len(),
            holders: report.holders.len(),
            total_stake: report.miners.iter().map(|m| m.stake.delta()).sum(),
            emissions: emission.clone().count(),
            total_emission: emission.map(|e| e.alpha).sum(),
            rounding: magnitude(Kind::Rounding),
            unattributed: magnitude(Kind::Unattributed),
            mean_holding_percentage: mean(
                report.holders.values().filter_map(|holder| holder.holding.percentage()).map(|h| h.0),
            )
            .map(Ppb),
            mean_holding_duration_ms: mean(
                report.holders.values().filter_map(|holder| holder.holding.duration_ms()),
            ),
            multipliers,
        })
    }
}

/// ⌊Σ / n⌋.
fn mean(values: impl Iterator<Item = u64>) -> Option<u64> {
    let (sum, count) = values.fold((0u128, 0u128), |(sum, count), value| {
        (sum.saturating_add(value.into()), count.saturating_add(1))
    });
    u64::try_from(sum.checked_div(count)?).ok()
}
