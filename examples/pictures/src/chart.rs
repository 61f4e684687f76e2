//! Charts as SVG: panels side by side, with axes, lines that are labelled where they end, and bars.
//!
//! The paper belongs to the picture and turns dark with the text, so that it can be read whatever is behind it.

use std::fmt::Write as _;

const STYLE: &str = "\
text{font:12px system-ui,sans-serif;fill:#1f2328}\
.title{font-weight:600}\
.paper{fill:#fff}\
.grid{stroke:#d8dee4;stroke-width:1}\
.axis{fill:none;stroke:#59636e;stroke-width:1}\
.line{fill:none;stroke-width:2;stroke-linejoin:round}\
.l0{stroke:#0550ae}.l1{stroke:#953800;stroke-dasharray:7 3}.l2{stroke:#116329;stroke-dasharray:2 \
3}.l3{stroke:#8250df;stroke-dasharray:9 3 2 3}\
.b0{fill:#8c959f}.b1{fill:#0550ae}.b2{fill:#953800}.b3{fill:#116329}\
@media(prefers-color-scheme:dark){\
text{fill:#e6edf3}\
.paper{fill:#0d1117}\
.grid{stroke:#30363d}\
.axis{stroke:#9198a1}\
.l0{stroke:#79c0ff}.l1{stroke:#ffa657}.l2{stroke:#7ee787}.l3{stroke:#d2a8ff}\
.b0{fill:#6e7681}.b1{fill:#79c0ff}.b2{fill:#ffa657}.b3{fill:#7ee787}\
}";

/// The width of a panel with all that belongs to it, and the height of a picture.
const PANEL: (f64, f64) = (400.0, 316.0);
/// What is left of it for the plot: from x, from y, width, height.
const PLOT: (f64, f64, f64, f64) = (46.0, 50.0, 250.0, 212.0);

/// What an axis goes over, from and to, with its marks and what it says.
pub struct Axis {
    pub from: f64,
    pub to: f64,
    pub marks: Vec<(f64, String)>,
    pub name: &'static str,
}

impl Axis {
    /// Where a value lies on it, from 0 to 1.
    fn part(&self, value: f64) -> f64 {
        ((value - self.from) / (self.to - self.from)).clamp(0.0, 1.0)
    }
}

/// A line through points, and what is written at its end.
pub struct Line {
    pub label: String,
    pub points: Vec<(f64, f64)>,
}

/// Bars that stand together, each with a style of its own.
pub struct Group {
    pub label: &'static str,
    pub values: Vec<f64>,
}

/// One panel.
pub struct Panel {
    pub title: String,
    pub x: Axis,
    pub y: Axis,
    pub lines: Vec<Line>,
    pub groups: Vec<Group>,
}

/// The picture of some panels, with what it shows in words.
pub fn picture(about: &str, panels: &[Panel], legend: &[&str]) -> String {
    let mut svg = String::new();
    let width = PANEL.0 * panels.iter().map(|_| 1.0).sum::<f64>();
    let height = if legend.is_empty() { PANEL.1 } else { PANEL.1 + 24.0 };
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
        height=\"{height}\" role=\"img\" aria-label=\"{about}\">\n<title>{about}</title>\n\
        <style>{STYLE}</style>\n<rect class=\"paper\" width=\"{width}\" height=\"{height}\" rx=\"6\"/>"
    );
    let mut left = 0.0;
    for panel in panels {
        draw(&mut svg, panel, left);
        left += PANEL.0;
    }
    let mut at = PLOT.0;
    for (style, name) in legend.iter().enumerate() {
        let y = PANEL.1 + 6.0;
        let _ = writeln!(svg, "<rect class=\"b{style}\" x=\"{at}\" y=\"{y}\" width=\"12\" height=\"12\"/>");
        let _ = writeln!(svg, "<text x=\"{}\" y=\"{}\">{name}</text>", at + 17.0, y + 10.0);
        at += 34.0 + 6.4 * name.chars().map(|_| 1.0).sum::<f64>();
    }
    svg.push_str("</svg>\n");
    svg
}

fn draw(svg: &mut String, panel: &Panel, left: f64) {
    let (x0, y0, width, height) = (left + PLOT.0, PLOT.1, PLOT.2, PLOT.3);
    let place = |x: f64, y: f64| (x0 + panel.x.part(x) * width, y0 + (1.0 - panel.y.part(y)) * height);
    let (right, bottom) = (x0 + width, y0 + height);
    let _ = writeln!(svg, "<text class=\"title\" x=\"{x0}\" y=\"18\">{}</text>", panel.title);
    for (value, mark) in &panel.y.marks {
        let (_, y) = place(panel.x.from, *value);
        let _ = writeln!(svg, "<path class=\"grid\" d=\"M{x0} {y:.1}H{right}\"/>");
        let _ =
            writeln!(svg, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{mark}</text>", x0 - 6.0, y + 4.0);
    }
    for (value, mark) in &panel.x.marks {
        let (x, _) = place(*value, panel.y.from);
        let _ = writeln!(svg, "<path class=\"axis\" d=\"M{x:.1} {bottom}v4\"/>");
        let _ =
            writeln!(svg, "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{mark}</text>", bottom + 17.0);
    }
    let _ = writeln!(svg, "<path class=\"axis\" d=\"M{x0} {y0}V{bottom}H{right}\"/>");
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
        x0 + width / 2.0,
        bottom + 36.0,
        panel.x.name
    );
    let _ = writeln!(svg, "<text x=\"{x0}\" y=\"36\">{}</text>", panel.y.name);
    for (style, line) in panel.lines.iter().enumerate() {
        let points: Vec<(f64, f64)> = line.points.iter().map(|(x, y)| place(*x, *y)).collect();
        let path: Vec<String> = bends(&points).iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
        let _ = writeln!(svg, "<path class=\"line l{style}\" d=\"M{}\"/>", path.join("L"));
    }
    for (label, y) in apart(panel, |y| place(panel.x.to, y).1) {
        let _ = writeln!(svg, "<text x=\"{}\" y=\"{y:.1}\">{label}</text>", right + 6.0);
    }
    let share = width / panel.groups.iter().map(|_| 1.0).sum::<f64>().max(1.0);
    let mut from = x0;
    for group in &panel.groups {
        let bar = share * 0.8 / group.values.iter().map(|_| 1.0).sum::<f64>().max(1.0);
        let mut at = from + share * 0.1;
        for (style, value) in group.values.iter().enumerate() {
            let (_, y) = place(panel.x.from, *value);
            let _ = writeln!(
                svg,
                "<rect class=\"b{style}\" x=\"{at:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
                bar - 1.5,
                bottom - y
            );
            at += bar;
        }
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            from + share / 2.0,
            bottom + 17.0,
            group.label
        );
        from += share;
    }
}

/// The points at which a line bends: those on the straight way between their neighbours say nothing.
fn bends(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for point in points {
        while let [.., (x1, y1), (x2, y2)] = kept.as_slice() {
            let off = (x2 - x1) * (point.1 - y1) - (y2 - y1) * (point.0 - x1);
            if off.abs() > 0.05 {
                break;
            }
            kept.pop();
        }
        kept.push(*point);
    }
    kept
}

/// Labels beside the ends of their lines, pushed down where they would stand on each other.
fn apart(panel: &Panel, height: impl Fn(f64) -> f64) -> Vec<(String, f64)> {
    const LEAST: f64 = 14.0;
    let mut labels: Vec<(String, f64)> = panel
        .lines
        .iter()
        .filter_map(|line| Some((line.label.clone(), height(line.points.last()?.1) + 4.0)))
        .collect();
    labels.sort_by(|one, other| one.1.total_cmp(&other.1));
    let mut above = f64::NEG_INFINITY;
    for label in &mut labels {
        label.1 = label.1.max(above + LEAST);
        above = label.1;
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_straight_needs_two_points_and_a_step_four() {
        assert_eq!(bends(&[(0.0, 0.0), (1.0, 1.0), (2.0, 2.0), (3.0, 3.0)]), [(0.0, 0.0), (3.0, 3.0)]);
        let step = [(0.0, 0.0), (50.0, 0.0), (50.0, 50.0), (80.0, 50.0), (99.0, 50.0)];
        assert_eq!(bends(&step), [(0.0, 0.0), (50.0, 0.0), (50.0, 50.0), (99.0, 50.0)]);
    }

    #[test]
    fn labels_keep_their_distance() {
        let axis = || Axis { from: 0.0, to: 1.0, marks: Vec::new(), name: "" };
        let line = |label: &str, y| Line { label: label.to_owned(), points: vec![(1.0, y)] };
        let lines = vec![line("low", 0.0), line("high", 1.0), line("also low", 0.0)];
        let panel = Panel { title: String::new(), x: axis(), y: axis(), lines, groups: Vec::new() };
        let labels = apart(&panel, |y| 100.0 * (1.0 - y));
        assert_eq!(
            labels,
            [("high".to_owned(), 4.0), ("low".to_owned(), 104.0), ("also low".to_owned(), 118.0)]
        );
    }
}
