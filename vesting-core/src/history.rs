//! The history of one holder: its holding and multiplier as of one epoch after the other.

use crate::holding::{Holding, holdings};
use crate::multiplier::{Multiplier, multiplier};
use crate::policy::Policy;
use crate::sales::MissingTime;
use crate::stretch::Stretch;
use crate::tracker::judged;
use crate::{Coldkey, Entry, Epoch, Kind, Reason};

/// A holder as of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryPoint {
    /// The epoch.
    pub epoch: Epoch,
    /// The coldkey it had then.
    pub coldkey: Coldkey,
    /// Its holding over the window then; `None` where it was no holder of that window.
    pub holding: Option<Holding>,
    /// Its multiplier.
    pub multiplier: Multiplier,
    /// Why.
    pub reason: Reason,
    /// The rewards since the epoch before, in rao.
    pub earned: u128,
    /// What left since the epoch before, in rao.
    pub sold: u128,
}

/// The history of the holder that has this coldkey at the end, as of every epoch of a stretch.
pub(crate) fn history(stretch: &Stretch, coldkey: Coldkey, policy: &Policy) -> Result<Vec<HistoryPoint>, MissingTime> {
    stretch
        .ledgers(policy.retention_window)
        .map(|ledger| {
            let epoch = ledger.window.as_of;
            let back = |name, by: &crate::Succession| if by.new == name && by.block > epoch.block.number { by.old } else { name };
            let coldkey = stretch.successions.iter().rev().fold(coldkey, back);
            let histories = ledger.histories(policy.unattributed);
            let found = holdings(&ledger.window, &ledger.holders, &histories, policy, &stretch.times)?.remove(&coldkey);
            let holder = found.map(|holding| (holding, multiplier(&holding, policy)));
            let registered = stretch.neurons_at(epoch.block.number).values().any(|neuron| neuron.coldkey == coldkey);
            let (multiplier, reason) = judged(holder.as_ref(), ledger.window.incomplete_since.is_some(), registered);
            let before = stretch.before(&epoch).map_or(ledger.window.start, |before| before.block.number);
            let since: Vec<&Entry> = ledger.entries_of(coldkey).filter(|entry| entry.block > before).collect();
            let sum = |some: &dyn Fn(&Entry) -> bool| {
                since.iter().filter(|entry| some(entry)).fold(0u128, |sum, entry| sum.saturating_add(entry.alpha.magnitude()))
            };
            Ok(HistoryPoint {
                epoch,
                coldkey,
                holding: found,
                multiplier,
                reason,
                earned: sum(&|entry| entry.kind == Kind::Incentive),
                sold: sum(&|entry| entry.alpha.0 < 0 && policy.unattributed.is_sale(entry.flow())),
            })
        })
        .collect()
}
