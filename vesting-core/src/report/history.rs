//! The history of one holder: its holding and multiplier as of each epoch.

use std::collections::BTreeMap;

use crate::block::Epoch;
use crate::ledger::{Entry, Kind, Successions, UnattributedRule};
use crate::report::judged::{JudgedMiner, ScoredHolder};
use crate::report::stretch::Stretch;
use crate::report::{Reason, Report};
use crate::score::holding::Holding;
use crate::score::kept::holdings;
use crate::score::multiplier::Multiplier;
use crate::score::policy::Policy;
use crate::score::sales::MissingTime;
use crate::units::{BlockNumber, Coldkey};
use crate::window::WindowLedger;

/// A holder as of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryPoint {
    /// The epoch.
    pub epoch: Epoch,
    /// The coldkey it had then.
    pub coldkey: Coldkey,
    /// Its holding over the window of that epoch; `None` if it was no holder of that window.
    pub holding: Option<Holding>,
    /// Its multiplier.
    pub multiplier: Multiplier,
    /// Why.
    pub reason: Reason,
    /// The rewards it earned since the epoch before, in rao.
    pub earned: u128,
    /// What it sold since the epoch before, in rao.
    pub sold: u128,
}

/// What a holder earned and sold since the epoch before, in rao.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Moved {
    /// The rewards.
    pub earned: u128,
    /// What was sold.
    pub sold: u128,
}

impl Moved {
    /// What every holder of a window earned and sold, by the coldkey it has at the window's end.
    #[must_use]
    pub fn of(ledger: &WindowLedger, rule: UnattributedRule) -> BTreeMap<Coldkey, Self> {
        let since = ledger.since_epoch_before();
        ledger.holders.keys().map(|coldkey| (*coldkey, Self::by(ledger, since, *coldkey, rule))).collect()
    }

    fn by(ledger: &WindowLedger, since: &[Entry], coldkey: Coldkey, rule: UnattributedRule) -> Self {
        let mut moved = Self::default();
        for entry in ledger.of_holder(since, coldkey) {
            let alpha = entry.alpha.magnitude();
            if entry.kind == Kind::Incentive {
                moved.earned = moved.earned.saturating_add(alpha);
            }
            if entry.alpha.0 < 0 && rule.is_sale(entry.flow()) {
                moved.sold = moved.sold.saturating_add(alpha);
            }
        }
        moved
    }
}

impl HistoryPoint {
    /// A coldkey as of a report's epoch. `moved` is its part of [`Moved::of`] the report's ledger.
    #[must_use]
    pub fn of(report: &Report, coldkey: Coldkey, moved: Moved) -> Self {
        Self::new(report.window.as_of, coldkey, report.judged(coldkey), moved)
    }

    fn new(epoch: Epoch, coldkey: Coldkey, judged: JudgedMiner, moved: Moved) -> Self {
        let JudgedMiner { holding, multiplier, reason } = judged;
        Self { epoch, coldkey, holding, multiplier, reason, earned: moved.earned, sold: moved.sold }
    }
}

/// The coldkey that a holder had at the end of a block. `coldkey` is the one it has at the end of all.
pub(crate) fn name_at(coldkey: Coldkey, successions: &Successions, block: BlockNumber) -> Coldkey {
    let back =
        |name, by: &crate::ledger::Succession| if by.new == name && by.block > block { by.old } else { name };
    successions.iter().rev().fold(coldkey, back)
}

/// A holder's history as of every epoch of a stretch. `coldkey` is the one it has at the stretch's end.
pub(crate) fn history(
    stretch: &Stretch,
    coldkey: Coldkey,
    policy: &Policy,
) -> Result<Vec<HistoryPoint>, MissingTime> {
    stretch
        .ledgers(policy.retention_window)
        .map(|ledger| {
            let epoch = ledger.window.as_of;
            let coldkey = name_at(coldkey, &stretch.successions, epoch.block.number);
            let histories = ledger.histories(policy.unattributed);
            let found = holdings(&ledger.window, &ledger.holders, &histories, policy, &stretch.times)?
                .remove(&coldkey);
            let holder = found.map(|holding| ScoredHolder::new(holding, policy));
            let registered =
                stretch.neurons_at(epoch.block.number).values().any(|neuron| neuron.coldkey == coldkey);
            let incomplete = ledger.window.incomplete_since.is_some();
            let moved = Moved::by(&ledger, ledger.since_epoch_before(), coldkey, policy.unattributed);
            let judged = JudgedMiner::new(holder.as_ref(), incomplete, registered);
            Ok(HistoryPoint::new(epoch, coldkey, judged, moved))
        })
        .collect()
}
