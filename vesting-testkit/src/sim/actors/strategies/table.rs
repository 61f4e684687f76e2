//! The outcome as a table.

use vesting_core::Ppb;
use vesting_core::policy::DAY_MS;

use super::course::{Course, Standing};
use super::outcome::Outcome;

const HEADING: [&str; 13] = [
    "strategy",
    "rewards",
    "sold",
    "held %",
    "days",
    "multiplier",
    "honest's",
    "on average",
    "honest's",
    "ahead",
    "capped",
    "honest's",
    "ahead",
];

/// The outcome as of the last epoch, as an aligned Markdown table, and what it is with an `opening_cap`.
///
/// The multiplier is that of the coldkey that earns. Beside it is that of the twin, which has the same
/// rewards, opening and start and sold nothing. The averages are over all epochs and coldkeys. Beside them
/// are those of the honest holder, and the number of epochs as of which the strategist gets more weight. The
/// last three columns are the same with the cap.
#[must_use]
pub fn table(outcome: &Outcome, capped: &Outcome) -> String {
    let mut rows = vec![HEADING.map(str::to_owned)];
    for (name, course, capped) in [
        ("holds", &outcome.holder, &capped.holder),
        ("holds and delegates", &outcome.delegator, &capped.delegator),
    ] {
        rows.push(row(name, course, course, [(course, course, 0), (capped, capped, 0)]));
    }
    for (rival, with) in outcome.rivals.iter().zip(&capped.rivals) {
        let honest = |outcome| Outcome::honest(outcome, &rival.strategy);
        let averages = [
            (&rival.course, honest(outcome), outcome.ahead(rival)),
            (&with.course, honest(capped), capped.ahead(with)),
        ];
        rows.push(row(rival.strategy.name, &rival.course, &rival.twin, averages));
    }
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..HEADING.len()).map(width).collect();
    let rule = widths.iter().zip(0..).map(|(width, column)| {
        let line = "-".repeat(width + 1);
        if column == 0 { format!("{line}-") } else { format!("{line}:") }
    });
    let mut lines: Vec<String> = rows.iter().map(|row| line(row, &widths)).collect();
    lines.insert(1, format!("|{}|", rule.collect::<Vec<_>>().join("|")));
    lines.join("\n") + "\n"
}

fn line(row: &[String], widths: &[usize]) -> String {
    let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
        if column == 0 { format!(" {cell:<width$} ") } else { format!(" {cell:>width$} ") }
    });
    format!("|{}|", cells.collect::<Vec<_>>().join("|"))
}

fn row(name: &str, course: &Course, same: &Course, averages: [(&Course, &Course, usize); 2]) -> [String; 13] {
    let last = course.standings.last();
    let seat = last.and_then(Standing::earner).unwrap_or(0);
    let of = |course: &Course| course.standings.last().and_then(|standing| standing.seats.get(seat)).copied();
    let holding = of(course).and_then(|seat| seat.holding);
    let multiplier = |course| factor(of(course).and_then(|seat| seat.multiplier));
    let [(own, honest, ahead), (capped, capped_honest, capped_ahead)] = averages;
    [
        name.to_owned(),
        alpha(course.rewards),
        alpha(course.sold),
        holding
            .and_then(|holding| holding.percentage())
            .map_or_else(|| "–".to_owned(), |h| tenths(u128::from(h.0), 10_000_000)),
        holding
            .and_then(|holding| holding.duration_ms())
            .map_or_else(|| "–".to_owned(), |ms| tenths(u128::from(ms), u128::from(DAY_MS))),
        multiplier(course),
        multiplier(same),
        factor(own.average()),
        factor(honest.average()),
        ahead.to_string(),
        factor(capped.average()),
        factor(capped_honest.average()),
        capped_ahead.to_string(),
    ]
}

/// Alpha with three decimals, rounded down.
fn alpha(rao: u128) -> String {
    format!("{}.{:03}", rao / 1_000_000_000, rao / 1_000_000 % 1_000)
}

/// `value / unit` with one decimal, rounded down.
fn tenths(value: u128, unit: u128) -> String {
    let tenths = value * 10 / unit;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// A factor with six decimals, rounded down.
fn factor(factor: Option<Ppb>) -> String {
    factor.map_or_else(
        || "–".to_owned(),
        |Ppb(ppb)| format!("{}.{:06}", ppb / 1_000_000_000, ppb % 1_000_000_000 / 1_000),
    )
}
