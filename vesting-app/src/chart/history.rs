//! A holder over epochs: multiplier, stake, and what was earned and sold, in panels one below the other.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use plotters::coord::Shift;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::prelude::*;
use vesting_core::{HistoryPoint, Ppb};

use super::amount::short_alpha;
use super::svg::{DrawError, Look, svg};
use crate::output::{alpha_sum, time};

/// The height of a panel without its time axis, and the height of that axis.
const PANEL: u32 = 150;
const AXIS: u32 = 26;

/// Margins for the labels on the left, and at the right end.
const LEFT: u32 = 52;
const RIGHT: u32 = 12;
/// The margin for a panel's name.
const TOP: u32 = 30;

const DAY: i64 = 86_400_000;

/// One epoch, as it is drawn.
struct Sample {
    time: f64,
    multiplier: f64,
    stake: f64,
    earned: f64,
    sold: f64,
}

#[allow(clippy::cast_precision_loss)] // the output's edge: pixels
fn rao(amount: u128) -> f64 {
    amount as f64 / 1e9
}

impl From<&HistoryPoint> for Sample {
    #[allow(clippy::cast_precision_loss)] // the output's edge: pixels
    fn from(point: &HistoryPoint) -> Self {
        Self {
            time: point.epoch.time.0 as f64,
            multiplier: point.multiplier.factor.as_f64(),
            stake: point.holding.map_or(0.0, |holding| rao(holding.stake().0.into())),
            earned: rao(point.earned),
            sold: rao(point.sold),
        }
    }
}

/// A time axis with marks at whole days or hours.
struct TimeAxis {
    from: f64,
    to: f64,
    marks: Vec<f64>,
}

impl TimeAxis {
    /// An axis with at most `most` marks.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // pixels
    fn new(from: f64, to: f64, most: usize) -> Self {
        let steps = [
            DAY / 24,
            DAY / 8,
            DAY / 4,
            DAY / 2,
            DAY,
            2 * DAY,
            5 * DAY,
            10 * DAY,
            30 * DAY,
            90 * DAY,
            365 * DAY,
        ];
        let count = |step: &i64| ((to - from) / *step as f64) as usize;
        let step = steps.into_iter().find(|step| count(step) <= most.max(1)).unwrap_or(3_650 * DAY);
        let first = (from as i64).div_euclid(step).saturating_add(1).saturating_mul(step);
        let marks = (0..=most.saturating_add(1))
            .map(|n| first as f64 + n as f64 * step as f64)
            .filter(|mark| *mark <= to)
            .collect();
        Self { from, to, marks }
    }
}

impl Ranged for TimeAxis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    #[allow(clippy::cast_possible_truncation)] // pixels
    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let part = if self.to > self.from { (value - self.from) / (self.to - self.from) } else { 0.5 };
        limit.0.saturating_add((part * f64::from(limit.1.saturating_sub(limit.0))).round() as i32)
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.marks.clone()
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.from..self.to
    }
}

impl ValueFormatter<f64> for TimeAxis {
    #[allow(clippy::cast_possible_truncation)] // pixels
    fn format_ext(&self, value: &f64) -> String {
        let at = Timestamp::from_millisecond(*value as i64).map(|at| at.to_zoned(TimeZone::UTC));
        let format = if (*value as i64).rem_euclid(DAY) == 0 { "%-d %b" } else { "%H:%M" };
        at.map_or_else(|_| String::new(), |at| at.strftime(format).to_string())
    }
}

/// Draws the history of a holder, oldest epoch first. `most` is the largest multiplier there is.
///
/// # Errors
/// Says what could not be drawn.
pub fn history(points: &[HistoryPoint], most: Ppb, look: Look) -> Result<String, String> {
    let all: Vec<Sample> = points.iter().map(Sample::from).collect();
    let (from, to) = (all.first().map_or(0.0, |at| at.time), all.last().map_or(1.0, |at| at.time));
    let size = (look.width, PANEL.saturating_mul(3).saturating_add(AXIS));
    let right = look.width.saturating_sub(RIGHT);
    let data = [
        ("left", LEFT.to_string()),
        ("right", right.to_string()),
        ("from", from.to_string()),
        ("to", to.to_string()),
    ];
    svg(size, &description(points), &data, |area| {
        let (first, rest) = area.split_vertically(PANEL);
        let (second, third) = rest.split_vertically(PANEL);
        multiplier(&first, &all, most.as_f64(), look)?;
        stake(&second, &all, look)?;
        flows(&third, &all, look)
    })
}

fn description(points: &[HistoryPoint]) -> String {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return "No epoch".to_owned() };
    let sum =
        |part: fn(&HistoryPoint) -> u128| alpha_sum(points.iter().map(part).fold(0, u128::saturating_add));
    format!(
        "Over {} epochs from {} to {}: the multiplier went from {} to {}; {} alpha were earned and {} sold.",
        points.len(),
        time(first.epoch.time),
        time(last.epoch.time),
        first.multiplier.factor,
        last.multiplier.factor,
        sum(|point| point.earned),
        sum(|point| point.sold)
    )
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Panel<'a, 'b> =
    ChartContext<'b, SVGBackend<'a>, Cartesian2d<TimeAxis, plotters::coord::types::RangedCoordf64>>;

/// Draws a panel's name and axes.
fn panel<'a, 'b>(
    area: &'b Area<'a>,
    all: &[Sample],
    heights: (f64, f64),
    (name, aside): (&str, &str),
    last: bool,
    look: Look,
    label: &dyn Fn(&f64) -> String,
) -> Result<Panel<'a, 'b>, DrawError<'a>> {
    let (from, to) = (all.first().map_or(0.0, |at| at.time), all.last().map_or(1.0, |at| at.time));
    let marks = usize::try_from(look.width / 66).unwrap_or(1);
    area.draw_text(name, &look.scheme.title(), (0, 8))?;
    area.draw_text(
        aside,
        &look.scheme.aside(),
        (i32::try_from(look.width.saturating_sub(RIGHT)).unwrap_or(0), 9),
    )?;
    let mut chart = ChartBuilder::on(area)
        .margin_top(TOP)
        .margin_right(RIGHT)
        .margin_bottom(if last { 0 } else { 10 })
        .set_label_area_size(LabelAreaPosition::Left, LEFT)
        .set_label_area_size(LabelAreaPosition::Bottom, if last { AXIS } else { 0 })
        .build_cartesian_2d(TimeAxis::new(from, to, marks), heights.0..heights.1)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(look.scheme.line())
        .axis_style(look.scheme.line())
        .label_style(look.scheme.small())
        .y_labels(4)
        .y_label_formatter(label)
        .draw()?;
    Ok(chart)
}

fn multiplier<'a>(area: &Area<'a>, all: &[Sample], most: f64, look: Look) -> Result<(), DrawError<'a>> {
    let now = all.last().map_or_else(String::new, |at| format!("now ×{:.4}", at.multiplier));
    let top = all.iter().map(|at| at.multiplier).fold(most, f64::max).max(1.01);
    let mut chart = panel(area, all, (1.0, top), ("Multiplier", &now), false, look, &|y| format!("×{y:.2}"))?;
    let line = || all.iter().map(|at| (at.time, at.multiplier));
    chart.draw_series(AreaSeries::new(line(), 1.0, look.scheme.kept().mix(0.14)))?;
    chart.draw_series(LineSeries::new(line(), look.scheme.kept().stroke_width(2)))?;
    Ok(())
}

fn stake<'a>(area: &Area<'a>, all: &[Sample], look: Look) -> Result<(), DrawError<'a>> {
    let now = all.last().map_or_else(String::new, |at| format!("now {}", short_alpha(at.stake)));
    let top = all.iter().map(|at| at.stake).fold(0.0, f64::max);
    let top = if top > 0.0 { top * 1.05 } else { 1.0 };
    let mut chart = panel(area, all, (0.0, top), ("Stake, alpha", &now), false, look, &|y| short_alpha(*y))?;
    let line = || all.iter().map(|at| (at.time, at.stake));
    chart.draw_series(AreaSeries::new(line(), 0.0, look.scheme.kept().mix(0.14)))?;
    chart.draw_series(LineSeries::new(line(), look.scheme.kept().stroke_width(2)))?;
    Ok(())
}

fn flows<'a>(area: &Area<'a>, all: &[Sample], look: Look) -> Result<(), DrawError<'a>> {
    let most = |part: fn(&Sample) -> f64| all.iter().map(part).fold(0.0, f64::max);
    let (up, down) = (most(|at| at.earned), most(|at| at.sold));
    let room = (up + down).max(1e-9) * 0.06;
    let heights = (if down > 0.0 { -down - room } else { 0.0 }, up + room);
    let names = ("Earned ▲ and sold ▼ each epoch, alpha", "");
    let mut chart = panel(area, all, heights, names, true, look, &|y| short_alpha(*y))?;
    let width = look.width.saturating_sub(LEFT).saturating_sub(RIGHT);
    // A gap between the bars, if there is room for one.
    let thick = width
        .checked_div(u32::try_from(all.len()).unwrap_or(u32::MAX))
        .unwrap_or(1)
        .saturating_sub(1)
        .clamp(1, 14);
    let bar = |time: f64, to: f64, colour: RGBColor| {
        PathElement::new(vec![(time, 0.0), (time, to)], colour.stroke_width(thick))
    };
    let some = |part: fn(&Sample) -> f64| all.iter().filter(move |at| part(at) > 0.0);
    chart.draw_series(some(|at| at.earned).map(|at| bar(at.time, at.earned, look.scheme.kept())))?;
    chart.draw_series(some(|at| at.sold).map(|at| bar(at.time, -at.sold, look.scheme.left())))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::cast_precision_loss)]
    fn marks_of_time_are_few_and_at_full_days_or_hours() {
        let from = 1_780_000_240_000.0;
        for days in [0.0, 0.2, 1.0, 6.0, 30.0, 400.0] {
            let times = TimeAxis::new(from, from + days * DAY as f64, 6);
            assert!(
                times.marks.len() <= 7 && times.marks.iter().all(|mark| mark % 3_600_000.0 == 0.0),
                "{:?}",
                times.marks
            );
        }
        let times = TimeAxis::new(from, from + 30.0 * DAY as f64, 6);
        assert_eq!(times.format_ext(&times.marks[0]), "1 Jun");
    }
}
