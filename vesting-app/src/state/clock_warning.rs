//! The warning that this machine's clock is behind the chain.

use std::time::Duration;

/// Whether it was said that the clock is behind.
#[derive(Debug, Default)]
pub struct ClockWarning {
    told: bool,
}

impl ClockWarning {
    /// Says once that this machine's clock is behind the chain, and once that it is not any more.
    pub fn tell(&mut self, behind: Option<Duration>) {
        let told = std::mem::replace(&mut self.told, behind.is_some());
        match behind {
            Some(behind) if !told => tracing::warn!(
                behind_seconds = behind.as_secs(),
                "this machine's clock is behind the chain, whose newest block is of the future: how old a record is cannot be told; set the clock"
            ),
            None if told => tracing::info!("this machine's clock is not behind the chain any more"),
            _ => {}
        }
    }

    #[cfg(test)]
    pub const fn is_told(&self) -> bool {
        self.told
    }
}
