//! How many neurons have which multiplier; also under another policy, if one is tried.

use plotters::prelude::*;
use vesting_core::Ppb;

use super::svg::{Look, svg};

const HEIGHT: u32 = 200;

/// Counts of neurons, from multiplier 1 to the largest possible.
struct Bins {
    counts: Vec<u32>,
}

impl Bins {
    fn of(factors: &[Ppb], most: Ppb, bins: usize) -> Self {
        let mut counts = vec![0u32; bins];
        let span = u128::from(most.0.saturating_sub(Ppb::ONE.0)).max(1);
        for factor in factors {
            let above = u128::from(factor.0.saturating_sub(Ppb::ONE.0));
            let place = above.saturating_mul(bins as u128) / span;
            let place = usize::try_from(place).unwrap_or(bins).min(bins.saturating_sub(1));
            if let Some(count) = counts.get_mut(place) {
                *count = count.saturating_add(1);
            }
        }
        Self { counts }
    }
}

/// Draws the counts. `most` is the largest multiplier that either policy gives.
///
/// # Errors
/// Says what could not be drawn.
pub fn multipliers(factors: &[Ppb], other: Option<&[Ppb]>, most: Ppb, look: Look) -> Result<String, String> {
    let bins = if look.width < 480 { 10usize } else { 25 };
    let now = Bins::of(factors, most, bins);
    let other = other.map(|factors| Bins::of(factors, most, bins));
    let top = now
        .counts
        .iter()
        .chain(other.iter().flat_map(|other| &other.counts))
        .max()
        .copied()
        .unwrap_or(0)
        .max(1);
    let most = most.as_f64().max(1.000_001);
    #[allow(clippy::cast_precision_loss)] // pixels
    let edge = |place: usize| 1.0 + (most - 1.0) * place as f64 / bins as f64;
    let scheme = look.scheme;
    svg((look.width, HEIGHT), &description(factors), &[], |area| {
        let mut chart = ChartBuilder::on(area)
            .margin_top(10)
            .margin_right(16)
            .set_label_area_size(LabelAreaPosition::Left, 40)
            .set_label_area_size(LabelAreaPosition::Bottom, 26)
            .build_cartesian_2d(1.0..most, 0.0..f64::from(top) * 1.05)?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(scheme.line())
            .axis_style(scheme.line())
            .label_style(scheme.small())
            .disable_x_mesh()
            .x_labels(if look.width < 480 { 4 } else { 8 })
            .y_labels(4)
            .x_label_formatter(&|x| format!("×{x:.2}"))
            // A count is a whole number.
            .y_label_formatter(&|y| {
                if (y - y.round()).abs() < 1e-9 { format!("{y:.0}") } else { String::new() }
            })
            .draw()?;
        let gap = (most - 1.0) / 600.0;
        let bars = now.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        chart.draw_series(bars.map(|(place, count)| {
            let corners =
                [(edge(place) + gap, f64::from(*count)), (edge(place.saturating_add(1)) - gap, 0.0)];
            Rectangle::new(corners, scheme.kept().filled())
        }))?;
        let Some(other) = &other else { return Ok(()) };
        let outline = other.counts.iter().enumerate().flat_map(|(place, count)| {
            [(edge(place), f64::from(*count)), (edge(place.saturating_add(1)), f64::from(*count))]
        });
        chart.draw_series(LineSeries::new(outline, scheme.left().stroke_width(2)))?;
        Ok(())
    })
}

fn description(factors: &[Ppb]) -> String {
    match (factors.iter().min(), factors.iter().max()) {
        (Some(lowest), Some(highest)) => {
            format!("The multipliers of {} neurons, from {lowest} to {highest}.", factors.len())
        }
        _ => "No neurons".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_multiplier_is_counted_once() {
        let factors =
            [1_000_000_000, 1_019_999_999, 1_020_000_000, 1_500_000_000, 900_000_000, 2_000_000_000].map(Ppb);
        let bins = Bins::of(&factors, Ppb(1_500_000_000), 25);
        assert_eq!(
            (bins.counts[0], bins.counts[1], bins.counts[24], bins.counts.iter().sum::<u32>()),
            (3, 1, 2, 6)
        );
        assert_eq!(Bins::of(&factors[..1], Ppb::ONE, 10).counts.iter().sum::<u32>(), 1);
    }
}
