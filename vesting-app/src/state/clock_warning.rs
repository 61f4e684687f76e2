//! The warning that this machine's clock is behind the chain.

use std::time::Duration;

/// Whether it was said that the clock is behind.
#[derive(Debug, Default)]
pub struct ClockWarning {
    is_logged: bool,
}

impl ClockWarning {
    /// Says once that this machine's clock is behind the chain, and once that it is not any more.
    pub fn update(&mut self, behind: Option<Duration>) {
        let is_logged = std::mem::replace(&mut self.is_logged, behind.is_some());
        match behind {
            Some(behind) if !is_logged => tracing::warn!(
                behind_seconds = behind.as_secs(),
                "this machine's clock is behind the chain, whose newest block is of the future: how old a record is cannot be told; set the clock"
            ),
            None if is_logged => tracing::info!("this machine's clock is not behind the chain any more"),
            _ => {}
        }
    }

    #[cfg(test)]
    pub const fn is_logged(&self) -> bool {
        self.is_logged
    }
}
