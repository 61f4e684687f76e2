//! The epochs that were recorded since the start.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use tokio::sync::Notify;
use vesting_core::{NetUid, Progress};

use crate::output::Out;

/// What was recorded of a subnet since the start.
#[derive(Serialize)]
struct CountsLine {
    netuid: u16,
    block: u64,
    epochs: u64,
    operations: u64,
    entries: u64,
    requests: u64,
}

/// The number of epochs recorded since the start, by subnet.
#[derive(Default)]
pub struct EpochCounts {
    counts: Mutex<BTreeMap<NetUid, u64>>,
    /// Notified after each new epoch.
    pub new: Notify,
}

impl EpochCounts {
    /// Notes a subnet's progress. If there is a new epoch and `requests` is given, a line is printed.
    pub fn note(&self, netuid: NetUid, progress: Progress, requests: Option<u64>) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let Progress { block, epochs, operations, entries, .. } = progress;
        if counts.insert(netuid, epochs).unwrap_or(0) == epochs {
            return;
        }
        self.new.notify_one();
        if let Some(requests) = requests {
            let line = CountsLine { netuid: netuid.0, block: block.0, epochs, operations, entries, requests };
            // The lock keeps lines whole. A closed reader does not stop the recording.
            let mut out = Out::new();
            let _ = out.json(&line).and_then(|()| out.flush());
        }
    }

    pub fn any(&self) -> bool {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).values().any(|epochs| *epochs > 0)
    }
}
