//! What the redistributions make of four equal weights.

use vesting_core::Ppb;
use vesting_core::weights::{burn, normalise, threshold};

use crate::Error;
use crate::chart::{Axis, Group, Panel, picture as draw};

/// Four miners with a quarter each, their multipliers, and what they are called.
const MINERS: [(&str, Ppb); 4] = [
    ("×1.45", Ppb(1_450_000_000)),
    ("×1.35", Ppb(1_350_000_000)),
    ("×1.15", Ppb(1_150_000_000)),
    ("×1", Ppb::ONE),
];
/// The part of its own weight under which `threshold` takes all of it here.
const LEAST: Ppb = Ppb(850_000_000);
/// The largest multiplier.
const MOST: Ppb = Ppb(1_500_000_000);

/// For each miner: before, normalise, threshold, burn; and what is burned.
fn bars() -> Result<(Vec<[f64; 4]>, f64), Error> {
    let before = [0.25; 4];
    let factors = MINERS.map(|(_, factor)| Some(factor));
    let one = normalise(&before, &factors)?;
    let two = threshold(&before, &factors, LEAST, Ppb(0))?;
    let three = burn(&before, &factors, MOST)?;
    let rows = before
        .iter()
        .zip(one)
        .zip(two)
        .zip(three.weights)
        .map(|(((before, one), two), three)| [*before, one, two, three]);
    Ok((rows.collect(), three.rest))
}

pub fn picture() -> Result<String, Error> {
    let (rows, burned) = bars()?;
    let mut groups: Vec<Group> = MINERS
        .iter()
        .zip(&rows)
        .map(|((label, _), values)| Group { label, values: values.to_vec() })
        .collect();
    groups.push(Group { label: "burn_uid", values: vec![0.0, 0.0, 0.0, burned] });
    let marks = (0..=40u32).step_by(10).map(|part| (f64::from(part) / 100.0, format!("{part} %"))).collect();
    let panel = Panel {
        title: "Four miners with equal weights before".to_owned(),
        x: Axis { from: 0.0, to: 1.0, marks: Vec::new(), name: "multiplier" },
        y: Axis { from: 0.0, to: 0.4, marks, name: "part of all weight" },
        lines: Vec::new(),
        groups,
    };
    let about = "Four equal weights before and after the multipliers 1.45, 1.35, 1.15 and 1, with \
        normalise, threshold and burn";
    Ok(draw(about, &[panel], &["before", "normalise", "threshold", "burn"]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // tests

    use super::*;

    #[test]
    fn every_redistribution_gives_all_of_the_weight() {
        let (rows, burned) = bars().unwrap();
        for (style, rest) in [0.0, 0.0, 0.0, burned].into_iter().enumerate() {
            let total: f64 = rows.iter().map(|row| row[style]).sum::<f64>() + rest;
            assert!((total - 1.0).abs() < 1e-12, "{style}: {total}");
        }
        // What the page says of them.
        assert!(rows[3][2] == 0.0 && rows[2][2] > 0.0 && rows[0][1] > rows[0][3] && burned > 0.0);
    }
}
