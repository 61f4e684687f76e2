//! Sales: what left one holder in a window, for `duration_rule = "since_last_sale"`.

use std::collections::BTreeMap;

use crate::ledger::{Exit, UnattributedRule};
use crate::score::holding::Holding;
use crate::units::{BlockNumber, Millis};
use crate::window::Window;

/// The sum of the outflows counts as a sale once it exceeds one part in so many of what was earned.
const PART: u128 = 1_000;

/// The time of a block with an outflow is not in the record. Reaction: record the subnet anew, or use the
/// default duration rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the time of block {0}, in which something was sold, is not in the record, which an older version made"
)]
pub struct MissingTime(pub BlockNumber);

/// What left one holder, by block, and when it earned first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sales {
    sold: BTreeMap<BlockNumber, u128>,
    first_reward: Option<Millis>,
}

impl Sales {
    /// Counts an exit from any tranche of the holder, in the window or older. What changed its name or was
    /// rounded off was not sold; a rule says whether what nothing explains was.
    pub(crate) fn leaves(&mut self, exit: &Exit, rule: UnattributedRule) {
        if rule.is_sale(exit.by.kind.flow()) {
            let sold = self.sold.entry(exit.by.block).or_default();
            *sold = sold.saturating_add(u128::from(exit.amount.0));
        }
    }

    /// Everything that left, in rao.
    pub(crate) fn total(&self) -> u128 {
        self.sold.values().fold(0, |sum, sold| sum.saturating_add(*sold))
    }

    /// Counts a reward of the window.
    pub(crate) fn earns(&mut self, at: Millis) {
        self.first_reward = Some(self.first_reward.map_or(at, |first| first.min(at)));
    }

    /// d in milliseconds: the time since the outflow with which the sum, from the newest back, first exceeds
    /// 0.1 % of what was earned, at most what it would be without sales.
    pub(crate) fn duration_ms(
        &self,
        holding: &Holding,
        window: &Window,
        times: &BTreeMap<BlockNumber, Millis>,
    ) -> Result<u64, MissingTime> {
        let since = |time: Millis| window.as_of.time.0.saturating_sub(time.0);
        let unsold = if holding.opening_counted() >= holding.rewards {
            window.length.0
        } else {
            self.first_reward.map_or(0, since)
        };
        let mut sum = 0u128;
        for (block, sold) in self.sold.iter().rev() {
            sum = sum.saturating_add(*sold);
            if sum.saturating_mul(PART) > holding.rewards {
                let time = times.get(block).ok_or(MissingTime(*block))?;
                return Ok(since(*time).min(unsold));
            }
        }
        Ok(unsold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Epoch;
    use crate::ledger::{EntryId, Kind};
    use crate::units::{BlockHash, BlockRef, Coldkey, Hotkey, NetUid, Rao};

    const END: u64 = 100_000;
    const LENGTH: u64 = 60_000;

    fn window() -> Window {
        let block = |number| BlockRef { number: BlockNumber(number), hash: BlockHash::default() };
        let registered_at = BlockNumber(0);
        let as_of = Epoch {
            block: block(100),
            pre_block: block(99),
            time: Millis(END),
            index: None,
            tempo: 20,
            registered_at,
        };
        Window {
            as_of,
            length: Millis(LENGTH),
            start: BlockNumber(39),
            epochs: vec![as_of],
            incomplete_since: None,
        }
    }

    fn exit(block: u64, kind: Kind, amount: u64) -> Exit {
        let id = |block, kind| EntryId {
            block: BlockNumber(block),
            event_index: None,
            kind,
            hotkey: Hotkey([1; 32]),
        };
        let (netuid, coldkey, tranche) = (NetUid(1), Coldkey([2; 32]), id(1, Kind::Opening));
        Exit { netuid, coldkey, tranche, by: id(block, kind), amount: Rao(amount) }
    }

    /// d of who earned 10,000 in all, first at 70 s, still has so much of what it had, and sold this.
    fn duration(opening: u128, exits: &[Exit]) -> Result<u64, MissingTime> {
        duration_by(UnattributedRule::Neutral, opening, exits)
    }

    fn duration_by(rule: UnattributedRule, opening: u128, exits: &[Exit]) -> Result<u64, MissingTime> {
        let mut sales = Sales::default();
        [90_000, 70_000].into_iter().for_each(|at| sales.earns(Millis(at)));
        exits.iter().for_each(|exit| sales.leaves(exit, rule));
        let holding = Holding { opening, rewards: 10_000, ..Holding::default() };
        // Every block up to 98 has its time.
        let times = (0..=98).map(|block| (BlockNumber(block), Millis(block * 1_000))).collect();
        sales.duration_ms(&holding, &window(), &times)
    }

    #[test]
    fn without_sales_it_is_the_window_or_since_the_first_reward() {
        assert_eq!(duration(10_000, &[]), Ok(LENGTH));
        assert_eq!(duration(9_999, &[]), Ok(30_000));
    }

    #[test]
    fn it_goes_back_to_the_sale_with_which_the_sum_exceeds_a_thousandth() {
        let sold = |block, amount| exit(block, Kind::StakeRemoved, amount);
        assert_eq!(duration(10_000, &[sold(95, 10)]), Ok(LENGTH), "a thousandth does not exceed itself");
        assert_eq!(duration(10_000, &[sold(95, 11)]), Ok(5_000));
        assert_eq!(duration(10_000, &[sold(60, 5), sold(95, 5), sold(80, 1), sold(50, 900)]), Ok(40_000));
        // One outflow may take from several tranches.
        assert_eq!(duration(10_000, &[sold(95, 6), sold(95, 6)]), Ok(5_000));
        assert_eq!(duration(0, &[sold(50, 900)]), Ok(30_000), "no more than without sales");
    }

    #[test]
    fn what_only_changed_its_name_or_was_rounded_was_not_sold() {
        assert_eq!(
            duration(10_000, &[exit(95, Kind::KeySwap, 900), exit(95, Kind::Rounding, 900)]),
            Ok(LENGTH)
        );
    }

    #[test]
    fn a_rule_says_whether_what_nothing_explains_was_sold() {
        let gone = [exit(95, Kind::Unattributed, 900)];
        assert_eq!(duration_by(UnattributedRule::Neutral, 10_000, &gone), Ok(LENGTH));
        assert_eq!(duration_by(UnattributedRule::Flow, 10_000, &gone), Ok(5_000));
    }

    #[test]
    fn a_time_that_is_not_known_is_not_made_up() {
        assert_eq!(duration(10_000, &[exit(99, Kind::Fee, 900)]), Err(MissingTime(BlockNumber(99))));
        assert_eq!(duration(10_000, &[exit(99, Kind::Fee, 10)]), Ok(LENGTH), "not needed");
    }
}
