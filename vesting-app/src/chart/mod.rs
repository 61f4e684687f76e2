//! Charts as SVG, for the page.
//!
//! Takes from `output`.

mod amount;
mod history;
mod multipliers;
mod svg;
mod theme;

pub use history::history;
pub use multipliers::multipliers;
pub use svg::{Look, WIDTHS};
pub use theme::Scheme;
