//! Charts as SVG, for the page.

mod history;
mod multipliers;
mod theme;

pub use history::history;
pub use multipliers::multipliers;
pub use theme::Scheme;

use plotters::prelude::*;

/// Widths that are drawn, in pixels.
pub const WIDTHS: std::ops::RangeInclusive<u32> = 240..=2_000;

/// How a chart looks.
#[derive(Clone, Copy)]
pub struct Look {
    pub width: u32,
    pub scheme: Scheme,
}

/// What a drawing area says of what it cannot do.
type Failed<'a> = DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>;

/// The SVG that something draws, with what it shows in words, and what else the page is to know of it.
fn svg(
    size: (u32, u32),
    words: &str,
    data: &[(&str, String)],
    draw: impl for<'a> FnOnce(&DrawingArea<SVGBackend<'a>, plotters::coord::Shift>) -> Result<(), Failed<'a>>,
) -> Result<String, String> {
    let mut text = String::new();
    let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
    draw(&area).and_then(|()| area.present()).map_err(|error| error.to_string())?;
    drop(area);
    let data: String = data.iter().map(|(name, value)| format!("data-{name}=\"{value}\" ")).collect();
    Ok(text.replacen("<svg ", &format!("<svg role=\"img\" aria-label=\"{words}\" {data}"), 1))
}

/// An amount of alpha in few signs.
fn alpha_in_few(alpha: f64) -> String {
    let size = alpha.abs();
    let (value, unit) = match size {
        _ if size >= 1e9 => (alpha / 1e9, "G"),
        _ if size >= 1e6 => (alpha / 1e6, "M"),
        _ if size >= 1e4 => (alpha / 1e3, "k"),
        _ => (alpha, ""),
    };
    let text = if value.abs() >= 100.0 || value.fract().abs() < 1e-9 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    };
    // What is above the axis and what is below are both amounts.
    format!("{}{unit}", text.trim_start_matches('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_short() {
        let all = [0.0, 0.25, 950.0, 12_345.0, -12_345.0, 2_500_000.0, 3e9].map(alpha_in_few);
        assert_eq!(all, ["0", "0.2", "950", "12.3k", "12.3k", "2.5M", "3G"]);
    }
}
