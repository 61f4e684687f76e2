//! Standard output and standard error.

use std::io::{self, BufWriter, Write};

use serde::Serialize;

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
