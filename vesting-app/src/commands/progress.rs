//! Progress bars, on standard error and only on a terminal.

use std::collections::BTreeMap;

use indicatif::{ProgressBar, ProgressStyle};
use vesting_core::{BlockNumber, NetUid, Progress};

use crate::output::say;

/// A bar of `length` steps. `template` is one of `indicatif`.
pub fn bar(length: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("━╸─"));
    }
    bar
}

/// A progress bar over blocks.
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
        self.show_with(state, requests, "");
    }

    /// Shows the progress with more text.
    fn show_with(&mut self, state: Progress, requests: u64, more: &str) {
        if !self.started {
            self.started = true;
            self.bar.set_length(state.to.0);
            self.bar.set_position(state.block.0.saturating_sub(1));
            // The time that is left is estimated from here, not from block 0.
            self.bar.reset_eta();
        }
        self.bar.set_position(state.block.0);
        self.bar.set_message(format!(
            "{} epochs, {} operations, {requests} requests{more}",
            state.epochs, state.operations
        ));
    }

    /// Prints a line above the bar, on standard error; also without a terminal.
    pub fn say(&self, line: &str) {
        self.bar.suspend(|| say(line));
    }

    pub fn done(&self) {
        self.bar.finish_and_clear();
    }
}

/// One progress bar for several subnets that catch up side by side.
pub struct SubnetsBar {
    bar: Bar,
    subnets: BTreeMap<NetUid, Progress>,
}

impl SubnetsBar {
    /// A bar for subnets whose new records begin at these blocks.
    pub fn new(what: &str, firsts: &BTreeMap<NetUid, BlockNumber>, to: BlockNumber) -> Self {
        let start = |first: &BlockNumber| Progress {
            block: first.parent(),
            to,
            epochs: 0,
            operations: 0,
            entries: 0,
        };
        Self {
            bar: Bar::new(what),
            subnets: firsts.iter().map(|(netuid, first)| (*netuid, start(first))).collect(),
        }
    }

    pub fn show(&mut self, netuid: NetUid, progress: Progress, requests: u64) {
        self.subnets.insert(netuid, progress);
        let (sum, done) =
            (self.sum(), self.subnets.values().filter(|subnet| subnet.block >= subnet.to).count());
        let more = if self.subnets.len() > 1 {
            format!(" · {done} of {} subnets done", self.subnets.len())
        } else {
            String::new()
        };
        self.bar.show_with(sum, requests, &more);
    }

    /// A subnet has caught up; it may have been there from the start.
    pub fn is_done(&mut self, netuid: NetUid) {
        if let Some(subnet) = self.subnets.get_mut(&netuid) {
            subnet.block = subnet.to;
        }
    }

    /// The sum of all subnets, and the block that all have reached.
    pub fn sum(&self) -> Progress {
        let mut all = self.subnets.values().copied();
        let none =
            Progress { block: BlockNumber(0), to: BlockNumber(0), epochs: 0, operations: 0, entries: 0 };
        let Some(first) = all.next() else { return none };
        all.fold(first, |sum, subnet| Progress { block: sum.block.min(subnet.block), ..sum.plus(subnet) })
    }

    pub fn say(&self, line: &str) {
        self.bar.say(line);
    }

    pub fn done(&self) {
        self.bar.done();
    }
}
