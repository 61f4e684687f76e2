//! How extrinsics run.

use vesting_core::Coldkey;

use crate::sim::chain::state::SimChain;
use crate::sim::operation::{Call, Operation};
use crate::sim::runtime::event::{
    self, AlphaBalance, EventRecord, PalletEvent, Phase, RuntimeEvent, SystemEvent, TaoBalance,
};

/// The signer of calls of the chain itself.
const SUDO: Coldkey = Coldkey([0xfe; 32]);

impl SimChain {
    /// Runs an extrinsic: its fee in alpha first, then its calls, then its result.
    pub(in crate::sim) fn extrinsic(&mut self, phase: Phase, operation: Operation) {
        let signer =
            operation.signer.or_else(|| operation.calls.iter().find_map(Call::origin)).unwrap_or(SUDO);
        self.accounts.sign(signer, operation.fee.is_none());
        if let Some((payer, hotkey, netuid, alpha)) = operation.fee {
            let taken = self.debit(netuid, hotkey, payer, alpha.min(self.free(netuid, hotkey, payer)));
            self.removed(phase, payer, hotkey, netuid, taken, 0);
        }
        let mut fine = true;
        for call in operation.calls {
            fine &= call.origin().is_none_or(|origin| self.accounts.may_act(signer, origin))
                && self.call(phase, call);
        }
        if let Some((payer, _, netuid, alpha)) = operation.fee {
            let (alpha_fee, tao_amount) = (AlphaBalance(alpha), TaoBalance(alpha / 2));
            self.emit(
                phase,
                PalletEvent::TransactionFeePaidWithAlpha {
                    who: payer.into(),
                    netuid: event::NetUid(netuid.0),
                    alpha_fee,
                    tao_amount,
                },
            );
        }
        self.finish(phase, fine);
    }

    /// Emits the event that ends an extrinsic.
    pub(in crate::sim) fn finish(&mut self, phase: Phase, fine: bool) {
        let weight = 119_611_567;
        let event = if fine {
            SystemEvent::ExtrinsicSuccess { weight }
        } else {
            SystemEvent::ExtrinsicFailed { weight }
        };
        self.events.push(EventRecord { phase, event: RuntimeEvent::System(event), topics: Vec::new() });
    }
}
