//! What people and programs read.

use std::io::{self, BufWriter, Write};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use jiff::Timestamp;
use serde::Serialize;
use vesting_core::{Millis, Ppb, Rao, RaoDelta};

/// Standard output, buffered. A reader that goes away causes an error here, not a panic.
pub struct Out(BufWriter<io::Stdout>);

impl Out {
    pub fn new() -> Self {
        Self(BufWriter::new(io::stdout()))
    }

    /// Prints one object on one line.
    pub fn json(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        serde_json::to_writer(&mut self.0, value).map_err(io::Error::from)?;
        self.0.write_all(b"\n")?;
        Ok(())
    }

    /// Prints a line.
    pub fn line(&mut self, text: impl AsRef<str>) -> anyhow::Result<()> {
        writeln!(self.0, "{}", text.as_ref())?;
        Ok(())
    }

    /// Prints what is buffered.
    pub fn flush(&mut self) -> anyhow::Result<()> {
        self.0.flush()?;
        Ok(())
    }
}

/// Prints a line on standard error, without secrets.
pub fn say(words: impl AsRef<str>) {
    // Its reader may be gone.
    let _ = writeln!(io::stderr(), "{}", vesting_secret::hide(words.as_ref()));
}

/// A table that fits the terminal. A column whose name starts with `>` is aligned right.
pub fn table(columns: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(columns.iter().map(|name| name.trim_start_matches('>')));
    for (index, name) in columns.iter().enumerate() {
        if let (true, Some(column)) = (name.starts_with('>'), table.column_mut(index)) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// An address short enough for a table.
pub fn short(address: impl ToString) -> String {
    let address = address.to_string();
    if address.len() < 16 {
        address
    } else {
        format!("{}…{}", &address[..6], &address[address.len() - 4..])
    }
}

/// Rao as alpha, exact, with nine places.
pub fn alpha(amount: impl Into<RaoDelta>) -> String {
    let amount: RaoDelta = amount.into();
    let (sign, size) = (if amount.0 < 0 { "-" } else { "" }, amount.magnitude());
    format!("{sign}{}.{:09}", size / 1_000_000_000, size % 1_000_000_000)
}

/// Rao as alpha, rounded to four places, for tables.
pub fn alpha_short(amount: Rao) -> String {
    alpha_sum(u128::from(amount.0))
}

/// A sum of rao as alpha, rounded to four places, for tables.
pub fn alpha_sum(amount: u128) -> String {
    let ten_thousandths = amount.saturating_add(50_000) / 100_000;
    format!("{}.{:04}", ten_thousandths / 10_000, ten_thousandths % 10_000)
}

/// The difference of two multipliers, with its sign.
pub fn difference(from: Ppb, to: Ppb) -> String {
    if to < from {
        format!("-{}", Ppb(from.0.saturating_sub(to.0)))
    } else {
        format!("+{}", Ppb(to.0.saturating_sub(from.0)))
    }
}

/// A fraction as per cent.
pub fn percent(fraction: Ppb) -> String {
    format!("{:.1} %", fraction.as_f64() * 100.0)
}

/// Milliseconds as days.
#[allow(clippy::cast_precision_loss)] // the output's edge: durations are far below 2⁵³ ms
pub fn days(ms: u64) -> f64 {
    ms as f64 / 86_400_000.0
}

/// Block time as RFC 3339.
pub fn time(at: Millis) -> String {
    i64::try_from(at.0)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .map_or_else(|| format!("{} ms", at.0), |t| t.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_alpha() {
        assert_eq!(alpha(RaoDelta(-1)), "-0.000000001");
        assert_eq!(alpha(Rao(27_458_872_514)), "27.458872514");
        assert_eq!(alpha_short(Rao(27_458_872_514)), "27.4589");
        assert_eq!(
            (difference(Ppb::ONE, Ppb(999_999_999)), difference(Ppb::ONE, Ppb::ONE)),
            ("-0.000000001".into(), "+0.000000000".into())
        );
        assert_eq!(time(Millis(1_780_000_240_000)), "2026-05-28T20:30:40Z");
    }
}
