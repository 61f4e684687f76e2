//! Why a holder has its multiplier, as `explain` tells it.

use serde::Serialize;
use utoipa::ToSchema;
use vesting_core::Millis;
use vesting_core::explain::{Depth, Explanation, Forecast as CoreForecast, Sale as CoreSale, TimedBlock};
use vesting_core::policy::Policy;

use super::holder::Holder;
use super::limited_by::LimitedBy;
use super::text::{Address, Amount, Factor, Time};
use crate::output::days;

/// The largest sales whose cost is told.
pub const SALES: u16 = 10;

/// How much is told where nobody says how much: [`SALES`], and a third of the window and all of it ahead.
pub fn usual(policy: &Policy) -> Depth {
    let window = policy.retention_window;
    Depth { sales: usize::from(SALES), forecasts: vec![Millis(window.0 / 3), window] }
}

/// Why a holder has the multiplier it has, and what would raise it; as `vesting explain --json`.
#[derive(Serialize, ToSchema)]
#[schema(as = Explanation)]
pub struct Explained {
    netuid: u16,
    /// The block of the epoch.
    as_of: u64,
    window_start: u64,
    /// Where the record begins, if that is inside the window: then every multiplier is 1.
    incomplete_since: Option<u64>,
    coldkey: Address,
    multiplier: Factor,
    /// The largest that the formula gives.
    max_multiplier: Factor,
    limited_by: LimitedBy,
    reason: String,
    /// The part of the rewards of the window that is kept; null where nothing was earned.
    holding_percentage: Option<f64>,
    /// For how many days, on average, what was held was held.
    holding_duration: Option<f64>,
    locked_stake: Option<Amount>,
    holder: Option<Holder>,
    positions: Vec<Position>,
    terms: Vec<Term>,
    first_reward: Option<Moment>,
    last_reward: Option<Moment>,
    oldest_reward_kept: Option<Moment>,
    sale_count: usize,
    largest_sales: Vec<Sale>,
    /// Had nothing left at all.
    multiplier_unsold: Option<Factor>,
    /// If the stake were at least the minimum, where it is not.
    multiplier_with_minimum_stake: Option<Factor>,
    ahead: Vec<Forecast>,
}

/// A position of a holder.
#[derive(Serialize, ToSchema)]
struct Position {
    hotkey: Address,
    uid: Option<u16>,
    stake: Amount,
    rewards: Amount,
    rewards_kept: Amount,
    other: Amount,
    other_kept: Amount,
    sold: Amount,
}

/// A term of the formula.
#[derive(Serialize, ToSchema)]
struct Term {
    name: &'static str,
    value: Factor,
    most: Factor,
    meaning: &'static str,
}

/// A block and its time.
#[derive(Serialize, ToSchema)]
struct Moment {
    block: u64,
    time: Time,
}

/// Something that left, and what it cost.
#[derive(Serialize, ToSchema)]
struct Sale {
    block: u64,
    time: Option<Time>,
    event_index: Option<u32>,
    kind: &'static str,
    hotkey: Address,
    amount: Amount,
    /// How much of it was rewards of the window.
    of_rewards: Amount,
    /// The multiplier without it.
    multiplier_without: Factor,
}

/// The multiplier some time ahead if nothing more leaves.
#[derive(Serialize, ToSchema)]
struct Forecast {
    days: f64,
    rewards: Amount,
    multiplier: Factor,
}

fn moment(at: TimedBlock) -> Moment {
    Moment { block: at.number.0, time: at.time.into() }
}

impl From<&CoreSale> for Sale {
    fn from(sale: &CoreSale) -> Self {
        Self {
            block: sale.entry.block.0,
            time: sale.time.map(Time::from),
            event_index: sale.entry.source.map(|source| source.event_index),
            kind: sale.entry.kind.name(),
            hotkey: sale.entry.key.hotkey.into(),
            amount: sale.entry.alpha.magnitude().into(),
            of_rewards: sale.rewards.into(),
            multiplier_without: sale.without.factor.into(),
        }
    }
}

impl Explained {
    pub fn of(found: &Explanation, policy: &Policy) -> Self {
        let (holder, derivation) = (&found.holder, found.derivation.as_ref());
        let positions = holder.positions.iter().map(|position| Position {
            hotkey: position.hotkey.into(),
            uid: position.uid.map(|uid| uid.0),
            stake: position.stake.into(),
            rewards: position.figures.rewards.into(),
            rewards_kept: position.figures.rewards_kept.into(),
            other: position.figures.other.into(),
            other_kept: position.figures.other_kept.into(),
            sold: position.figures.sold.into(),
        });
        let terms = derivation.into_iter().flat_map(|derivation| &derivation.terms).map(|term| Term {
            name: term.name,
            value: term.value.into(),
            most: term.most.into(),
            meaning: term.meaning,
        });
        let later = |forecast: &CoreForecast| Forecast {
            days: days(forecast.time.0),
            rewards: forecast.rewards.into(),
            multiplier: forecast.multiplier.factor.into(),
        };
        Self {
            netuid: found.netuid.0,
            as_of: found.window.as_of.block.number.0,
            window_start: found.window.start.0,
            incomplete_since: found.window.incomplete_since.map(|block| block.0),
            coldkey: holder.coldkey.into(),
            multiplier: holder.multiplier.factor.into(),
            max_multiplier: policy.formula.most(policy).into(),
            limited_by: holder.multiplier.limited_by.into(),
            reason: holder.reason.to_string(),
            holding_percentage: holder.holding.and_then(|h| h.percentage()).map(|h| h.as_f64()),
            holding_duration: holder.holding.and_then(|h| h.duration_ms()).map(days),
            locked_stake: holder.locked.map(|locked| locked.into()),
            holder: holder.holding.as_ref().map(Holder::from),
            positions: positions.collect(),
            terms: terms.collect(),
            first_reward: derivation
                .and_then(|derivation| derivation.rewards)
                .map(|(first, _)| moment(first)),
            last_reward: derivation.and_then(|derivation| derivation.rewards).map(|(_, last)| moment(last)),
            oldest_reward_kept: derivation.and_then(|derivation| derivation.oldest_kept).map(moment),
            sale_count: derivation.map_or(0, |derivation| derivation.sale_count),
            largest_sales: derivation
                .into_iter()
                .flat_map(|derivation| &derivation.sales)
                .map(Sale::from)
                .collect(),
            multiplier_unsold: derivation.map(|derivation| derivation.unsold.factor.into()),
            multiplier_with_minimum_stake: derivation
                .and_then(|derivation| derivation.with_minimum)
                .map(|with| with.factor.into()),
            ahead: derivation.into_iter().flat_map(|derivation| &derivation.forecasts).map(later).collect(),
        }
    }
}
