//! `vesting explain`.

use clap::Args;
use vesting_core::explain::{Depth, Derivation, Explanation, TimedBlock};
use vesting_core::holding::Holding;
use vesting_core::policy::{DurationRule, Policy};
use vesting_core::{BlockNumber, HolderQuery, Millis, Ppb, Rao, Reason};

use super::miners::window_heading;
use super::session::Session;
use crate::exit::UsageError;
use crate::output::{Out, alpha_short, alpha_sum, days, difference, percent, short, table, time};
use crate::view::explanation::{self, Explained};
use crate::wiring;

pub const EXAMPLES: &str = "Examples:
  vesting explain uid:5 --netuid 2
  vesting explain 5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY --as-of 6500000
  vesting explain uid:5 --days 7 --json";

/// `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// An SS58 hotkey or coldkey, or a uid as in uid:5. A hotkey that lost its uid is still known.
    #[arg(value_name = "HOTKEY|COLDKEY|uid:N")]
    pub whom: HolderQuery,
    /// As of the last epoch at or before this block [default: the last recorded].
    #[arg(long, value_name = "BLOCK")]
    pub as_of: Option<u64>,
    /// Predict the multiplier this many days ahead if nothing is sold; at most the window [default: a third
    /// of the window, and all of it].
    #[arg(long, value_name = "N")]
    pub days: Option<Ppb>,
    /// Say what each of the largest sales cost, for this many of them.
    #[arg(
        long, value_name = "N", default_value_t = explanation::SALES,
        value_parser = clap::value_parser!(u16).range(0..=1000)
    )]
    pub sales: u16,
}

pub async fn run(session: &mut Session, args: &ExplainArgs) -> anyhow::Result<()> {
    let store = session.open_record()?;
    let netuid = wiring::subnet_to_show(&session.config, store.as_ref()).await?;
    let policy = session.config.policy(netuid);
    let depth = Depth { sales: usize::from(args.sales), forecasts: ahead(args.days, policy)? };
    let found = wiring::tracker(&store)
        .explain(netuid, policy, args.whom, args.as_of.map(BlockNumber), &depth)
        .await?;
    if session.json {
        return session.out.json(&Explained::of(&found, policy));
    }
    print(&mut session.out, &found, policy)
}

/// How far ahead the multiplier is predicted.
fn ahead(given: Option<Ppb>, policy: &Policy) -> Result<Vec<Millis>, UsageError> {
    let window = policy.retention_window;
    let Some(given) = given else { return Ok(explanation::usual(policy).forecasts) };
    match Policy::days(given) {
        Some(time) if time.0 > 0 && time <= window => Ok(vec![time]),
        _ => Err(UsageError(format!(
            "`--days {given}`: it must be above 0 and at most the window, {} days",
            days(window.0)
        ))),
    }
}

fn print(out: &mut Out, found: &Explanation, policy: &Policy) -> anyhow::Result<()> {
    let holder = &found.holder;
    window_heading(out, found.netuid, &found.window)?;
    out.line(format!("Coldkey {}", holder.coldkey))?;
    let weight = if holder.multiplier.zero_weight { ", and the weight is 0" } else { "" };
    let by = match holder.reason {
        Reason::Formula(_) => {
            format!(" ({}, at most {})", policy.formula.name(), policy.formula.most(policy))
        }
        _ => String::new(),
    };
    out.line(format!("Multiplier {}{by}: {}{weight}", holder.multiplier.factor, holder.reason))?;
    if let Some(holding) = &holder.holding {
        figures(out, found, holding, policy)?;
    }
    positions(out, found)?;
    let Some(derivation) = &found.derivation else { return Ok(()) };
    sales(out, holder.multiplier.factor, derivation)?;
    changes(out, holder.multiplier.factor, derivation, policy)
}

fn figures(out: &mut Out, found: &Explanation, holding: &Holding, policy: &Policy) -> anyhow::Result<()> {
    let derivation = found.derivation.as_ref();
    let at = |at: TimedBlock| format!("block {} ({})", at.number, time(at.time));
    let mut rows = table(&["in the window", ">alpha", "how"]);
    let mut row = |what: &str, amount: String, how: String| {
        rows.add_row([what.to_owned(), amount, how]);
    };
    let from_to = derivation
        .and_then(|derivation| derivation.rewards)
        .map(|(first, last)| format!("from {} to {}", at(first), at(last)));
    row("rewards earned", alpha_sum(holding.rewards), from_to.unwrap_or_default());
    let oldest = derivation
        .and_then(|derivation| derivation.oldest_kept)
        .map(|oldest| format!(", the oldest since {}", at(oldest)));
    let kept = holding.percentage().map(|h| format!("{} of them{}", percent(h), oldest.unwrap_or_default()));
    row("rewards kept", alpha_sum(holding.rewards_kept), kept.unwrap_or_default());
    let count = derivation.map_or_else(String::new, |derivation| match derivation.sale_count {
        1 => "in 1 entry".to_owned(),
        count => format!("in {count} entries"),
    });
    row("sold or moved out", alpha_sum(holding.sold), count);
    row(
        "dividends and the like kept",
        alpha_sum(holding.other_kept),
        format!("of {} earned", alpha_sum(holding.other)),
    );
    row(
        "bought or received, kept",
        alpha_sum(holding.manual_kept),
        "no part of what counts as kept rewards".to_owned(),
    );
    row("there before, kept", alpha_sum(holding.opening), format!("since block {}", holding.start));
    if holding.opening_counted() < holding.opening {
        let cap = policy.opening_cap.map_or_else(String::new, |cap| format!("`opening_cap` is {cap}"));
        row("of it in the time held", alpha_sum(holding.opening_counted()), cap);
    }
    let locked = found
        .holder
        .locked
        .filter(|locked| *locked > Rao::ZERO)
        .map(|locked| format!("{} of it locked", alpha_short(locked)));
    let minimum = format!("at least {} is required", alpha_short(policy.minimum_stake));
    row(
        "stake",
        alpha_short(holding.stake()),
        locked.map_or(minimum.clone(), |locked| format!("{locked}; {minimum}")),
    );
    out.line(rows.to_string())?;
    let mut rows = table(&["factor", ">value", ">at most", "what it is"]);
    let held = holding.duration_ms().map_or_else(|| "–".to_owned(), |ms| format!("{:.2}", days(ms)));
    let rule = match policy.duration_rule {
        DurationRule::Average => "days for which rewards and what was there before were held, on average",
        DurationRule::SinceLastSale => "days since the last sale that counts",
    };
    let kept = holding.percentage().map_or_else(|| "–".to_owned(), |h| h.to_string());
    rows.add_row(["h", &kept, "1.000000000", "the part of the rewards kept"].map(str::to_owned));
    rows.add_row(["d".to_owned(), held, format!("{:.2}", days(holding.window_ms)), rule.to_owned()]);
    for term in derivation.into_iter().flat_map(|derivation| &derivation.terms) {
        rows.add_row([
            term.name.to_owned(),
            term.value.to_string(),
            term.most.to_string(),
            term.meaning.to_owned(),
        ]);
    }
    out.line(rows.to_string())
}

fn positions(out: &mut Out, found: &Explanation) -> anyhow::Result<()> {
    let mut rows = table(&["hotkey", ">uid", ">stake", ">rewards", ">kept", ">sold"]);
    for position in &found.holder.positions {
        rows.add_row([
            short(position.hotkey),
            position.uid.map_or_else(String::new, |uid| uid.to_string()),
            alpha_short(position.stake),
            alpha_sum(position.figures.rewards),
            alpha_sum(position.figures.rewards_kept),
            alpha_sum(position.figures.sold),
        ]);
    }
    out.line(rows.to_string())
}

fn sales(out: &mut Out, now: Ppb, derivation: &Derivation) -> anyhow::Result<()> {
    if derivation.sales.is_empty() {
        return Ok(());
    }
    if derivation.sale_count > derivation.sales.len() {
        out.line(format!(
            "The {} largest of {} sales, and what each alone cost:",
            derivation.sales.len(),
            derivation.sale_count
        ))?;
    } else {
        out.line("What each sale alone cost:")?;
    }
    let mut rows =
        table(&[">block", "time", "kind", ">alpha", ">of rewards", ">multiplier without", ">cost"]);
    for sale in &derivation.sales {
        rows.add_row([
            sale.entry.block.to_string(),
            sale.time.map_or_else(String::new, time),
            sale.entry.kind.name().to_owned(),
            alpha_sum(sale.entry.alpha.magnitude()),
            alpha_short(sale.rewards),
            sale.without.factor.to_string(),
            difference(sale.without.factor, now),
        ]);
    }
    out.line(rows.to_string())
}

fn changes(out: &mut Out, now: Ppb, derivation: &Derivation, policy: &Policy) -> anyhow::Result<()> {
    let mut rows = table(&["if", ">multiplier", ">change"]);
    let mut row = |what: String, then: Ppb| {
        rows.add_row([what, then.to_string(), difference(now, then)]);
    };
    if let Some(with) = derivation.with_minimum {
        row(format!("the stake were at least {}", alpha_short(policy.minimum_stake)), with.factor);
    }
    if derivation.sale_count > 0 {
        row("nothing had been sold in the window".to_owned(), derivation.unsold.factor);
    }
    for forecast in &derivation.forecasts {
        let (time, rewards) = (days(forecast.time.0), alpha_sum(forecast.rewards));
        row(
            format!("{time:.2} more days bring {rewards} of rewards, as the last did, and nothing is sold"),
            forecast.multiplier.factor,
        );
    }
    row("nothing limited it: the most under this policy".to_owned(), policy.formula.most(policy));
    out.line(rows.to_string())
}
