//! Why a holder has its multiplier, as `explain` tells it.

use serde::Serialize;
use vesting_core::Millis;
use vesting_core::explain::{Ahead, At, Depth, Explanation, Sale};
use vesting_core::policy::Policy;

use super::holder::Holder;
use crate::output::{days, time};

/// The largest sales whose cost is told.
pub const SALES: u16 = 10;

/// How much is told where nobody says how much: [`SALES`], and a third of the window and all of it ahead.
pub fn usual(policy: &Policy) -> Depth {
    let window = policy.retention_window;
    Depth { sales: usize::from(SALES), ahead: vec![Millis(window.0 / 3), window] }
}

#[derive(Serialize)]
pub struct Explained {
    netuid: u16,
    as_of: u64,
    window_start: u64,
    incomplete_since: Option<u64>,
    coldkey: String,
    multiplier: String,
    max_multiplier: String,
    limited_by: &'static str,
    reason: String,
    holding_percentage: Option<f64>,
    holding_duration: Option<f64>,
    locked_stake: Option<String>,
    holder: Option<Holder>,
    positions: Vec<Position>,
    terms: Vec<Term>,
    first_reward: Option<Moment>,
    last_reward: Option<Moment>,
    oldest_reward_kept: Option<Moment>,
    sale_count: usize,
    largest_sales: Vec<Sold>,
    multiplier_unsold: Option<String>,
    multiplier_with_minimum_stake: Option<String>,
    ahead: Vec<Later>,
}

#[derive(Serialize)]
struct Position {
    hotkey: String,
    uid: Option<u16>,
    stake: String,
    rewards: String,
    rewards_kept: String,
    other: String,
    other_kept: String,
    sold: String,
}

#[derive(Serialize)]
struct Term {
    name: &'static str,
    value: String,
    most: String,
    meaning: &'static str,
}

#[derive(Serialize)]
struct Moment {
    block: u64,
    time: String,
}

#[derive(Serialize)]
struct Sold {
    block: u64,
    time: Option<String>,
    event_index: Option<u32>,
    kind: &'static str,
    hotkey: String,
    amount: String,
    of_rewards: String,
    multiplier_without: String,
}

#[derive(Serialize)]
struct Later {
    days: f64,
    rewards: String,
    multiplier: String,
}

fn moment((block, at): At) -> Moment {
    Moment { block: block.0, time: time(at) }
}

impl From<&Sale> for Sold {
    fn from(sale: &Sale) -> Self {
        Self {
            block: sale.entry.block.0,
            time: sale.time.map(time),
            event_index: sale.entry.source.map(|source| source.event_index),
            kind: sale.entry.kind.name(),
            hotkey: sale.entry.key.hotkey.to_string(),
            amount: sale.entry.alpha.magnitude().to_string(),
            of_rewards: sale.rewards.to_string(),
            multiplier_without: sale.without.factor.to_string(),
        }
    }
}

impl Explained {
    pub fn of(found: &Explanation, policy: &Policy) -> Self {
        let (holder, account) = (&found.holder, found.account.as_ref());
        let positions = holder.positions.iter().map(|position| Position {
            hotkey: position.hotkey.to_string(),
            uid: position.uid.map(|uid| uid.0),
            stake: position.stake.to_string(),
            rewards: position.figures.rewards.to_string(),
            rewards_kept: position.figures.rewards_kept.to_string(),
            other: position.figures.other.to_string(),
            other_kept: position.figures.other_kept.to_string(),
            sold: position.figures.sold.to_string(),
        });
        let terms = account.into_iter().flat_map(|account| &account.terms).map(|term| Term {
            name: term.name,
            value: term.value.to_string(),
            most: term.most.to_string(),
            meaning: term.meaning,
        });
        let later = |ahead: &Ahead| Later {
            days: days(ahead.time.0),
            rewards: ahead.rewards.to_string(),
            multiplier: ahead.multiplier.factor.to_string(),
        };
        Self {
            netuid: found.netuid.0,
            as_of: found.window.as_of.block.number.0,
            window_start: found.window.start.0,
            incomplete_since: found.window.incomplete_since.map(|block| block.0),
            coldkey: holder.coldkey.to_string(),
            multiplier: holder.multiplier.factor.to_string(),
            max_multiplier: policy.max_multiplier.to_string(),
            limited_by: holder.multiplier.limited_by.name(),
            reason: holder.reason.to_string(),
            holding_percentage: holder.holding.and_then(|h| h.percentage()).map(|h| h.as_f64()),
            holding_duration: holder.holding.and_then(|h| h.duration_ms()).map(days),
            locked_stake: holder.locked.map(|locked| locked.to_string()),
            holder: holder.holding.as_ref().map(Holder::from),
            positions: positions.collect(),
            terms: terms.collect(),
            first_reward: account.and_then(|account| account.rewards).map(|(first, _)| moment(first)),
            last_reward: account.and_then(|account| account.rewards).map(|(_, last)| moment(last)),
            oldest_reward_kept: account.and_then(|account| account.oldest_kept).map(moment),
            sale_count: account.map_or(0, |account| account.sale_count),
            largest_sales: account.into_iter().flat_map(|account| &account.sales).map(Sold::from).collect(),
            multiplier_unsold: account.map(|account| account.unsold.factor.to_string()),
            multiplier_with_minimum_stake: account
                .and_then(|account| account.with_minimum)
                .map(|with| with.factor.to_string()),
            ahead: account.into_iter().flat_map(|account| &account.ahead).map(later).collect(),
        }
    }
}
