//! How a block is made.

use super::state::SimChain;
use crate::sim::operation::Operation;
use crate::sim::runtime::event::Phase;

impl SimChain {
    /// Makes the next block: emission, scheduled calls, extrinsics.
    pub fn step(&mut self) {
        let number = self.head().0 + 1;
        let mut ran = 0;
        if self.generation != self.code {
            // A new runtime migrates before everything else.
            self.dirty.migrated = Some(self.generation);
            self.dirty.schedules.extend(self.subnets.keys().copied());
            if self.generation.rules() != self.code.rules() {
                self.converting_since = Some(number);
            }
            self.generation = self.code;
            if self.converting_since == Some(number) {
                self.reconcile();
            }
        }
        for netuid in self.subnets.keys().copied().collect::<Vec<_>>() {
            self.initialize(netuid, number, &mut ran);
        }
        let queue = std::mem::take(&mut self.queue);
        let (scheduled, signed): (Vec<Operation>, Vec<Operation>) =
            queue.into_iter().partition(|o| o.scheduled);
        for operation in scheduled {
            for call in operation.calls {
                self.call(Phase::Initialization, call);
            }
        }
        self.finish(Phase::ApplyExtrinsic(0), true);
        for (index, operation) in (1u32..).zip(signed) {
            self.extrinsic(Phase::ApplyExtrinsic(index), operation);
        }
        self.finalize(number);
        if let Some(code) = self.upgrade.take() {
            self.code = code;
        }
        self.seal();
    }
}
