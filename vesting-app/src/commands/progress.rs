//! The progress bar of long work, on standard error and only on a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use vesting_core::Progress;

/// A bar of so many steps, with what stands around it as a template of `indicatif`.
pub fn bar(length: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("━╸─"));
    }
    bar
}

/// A bar over blocks.
pub struct Bar {
    bar: ProgressBar,
    started: bool,
}

impl Bar {
    pub fn new(what: &str) -> Self {
        let bar = bar(0, "{prefix} [{bar:32}] {pos}/{len} blocks · {msg} · {elapsed} gone, {eta} left");
        bar.set_prefix(what.to_owned());
        Self { bar, started: false }
    }

    pub fn show(&mut self, state: Progress, requests: u64) {
        if !self.started {
            self.started = true;
            self.bar.set_length(state.to.0);
            self.bar.set_position(state.block.0.saturating_sub(1));
            // Time left is judged from here, not from block 0.
            self.bar.reset_eta();
        }
        self.bar.set_position(state.block.0);
        self.bar.set_message(format!("{} epochs, {} operations, {requests} requests", state.epochs, state.operations));
    }

    /// A line above the bar, on standard error; without a terminal too.
    pub fn say(&self, line: &str) {
        self.bar.suspend(|| eprintln!("{line}"));
    }

    pub fn done(self) {
        self.bar.finish_and_clear();
    }
}
