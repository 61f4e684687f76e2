//! The warning that this machine's clock is behind the chain.

use std::time::Duration;

/// Whether the warning was logged and still holds.
#[derive(Debug, Default)]
pub struct ClockWarning {
    is_logged: bool,
}

impl ClockWarning {
    /// Logs once that this machine's clock is behind the chain, and once that it no longer is.
    pub fn update(&mut self, behind: Option<Duration>) {
        let is_logged = std::mem::replace(&mut self.is_logged, behind.is_some());
        match behind {
            Some(behind) if !is_logged => tracing::warn!(
                behind_seconds = behind.as_secs(),
                "this machine's clock is behind the chain, whose newest block is from the future; the age \
                 of a record is unknown, so set the clock"
            ),
            None if is_logged => tracing::info!("this machine's clock is no longer behind the chain"),
            _ => {}
        }
    }

    #[cfg(test)]
    pub const fn is_logged(&self) -> bool {
        self.is_logged
    }
}
