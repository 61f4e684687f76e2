//! An SVG document and its appearance.

use std::ops::RangeInclusive;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::theme::Scheme;

/// The widths that are allowed, in pixels.
pub const WIDTHS: RangeInclusive<u32> = 240..=2_000;

/// The appearance of a chart.
#[derive(Clone, Copy)]
pub struct Look {
    pub width: u32,
    pub scheme: Scheme,
}

/// The error of a drawing area.
pub type DrawError<'a> = DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>;

/// Draws an SVG. `description` says in words what it shows; `data` is what else the page needs to know about
/// it.
pub fn svg(
    size: (u32, u32),
    description: &str,
    data: &[(&str, String)],
    draw: impl for<'a> FnOnce(&DrawingArea<SVGBackend<'a>, Shift>) -> Result<(), DrawError<'a>>,
) -> Result<String, String> {
    let mut text = String::new();
    let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
    draw(&area).and_then(|()| area.present()).map_err(|error| error.to_string())?;
    drop(area);
    let data: String = data.iter().map(|(name, value)| format!("data-{name}=\"{value}\" ")).collect();
    Ok(text.replacen("<svg ", &format!("<svg role=\"img\" aria-label=\"{description}\" {data}"), 1))
}
