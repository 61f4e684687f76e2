//! Leases: what they pay to their contributors.

use vesting_core::NetUid;

use crate::sim::chain::state::SimChain;
use crate::sim::runtime::event::{AlphaBalance, PalletEvent, Phase};

impl SimChain {
    /// Pays the contributors of a lease from what the lease holds, where that is due (docs/chain.md#leases).
    pub(super) fn pay_lease(&mut self, netuid: NetUid, number: u64) {
        let lease = self.subnets.get(&netuid).and_then(|subnet| subnet.lease.clone());
        let Some(lease) = lease.filter(|lease| number.is_multiple_of(lease.interval.max(1))) else { return };
        for (contributor, parts) in &lease.contributors {
            let held = self.alpha(netuid, lease.hotkey, lease.coldkey);
            let alpha = (held / 1_000).saturating_mul(u64::from(*parts)).min(held);
            if alpha == 0 || !self.may_leave(netuid, lease.hotkey, lease.coldkey, alpha) {
                continue;
            }
            let alpha = self.debit(netuid, lease.hotkey, lease.coldkey, alpha);
            self.removed(Phase::Initialization, lease.coldkey, lease.hotkey, netuid, alpha, 0);
            self.added(Phase::Initialization, *contributor, lease.hotkey, netuid, alpha);
            let (contributor, alpha) = ((*contributor).into(), AlphaBalance(alpha));
            self.emit(
                Phase::Initialization,
                PalletEvent::SubnetLeaseDividendsDistributed { lease_id: lease.id, contributor, alpha },
            );
        }
    }
}
