//! The conservation law: entries and tranches add up to the positions that were read.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::conservation_error::ConservationError;
use crate::record::subnet_ledger::ledger::SubnetLedger;
use crate::units::{BlockNumber, Coldkey, PositionKey, Rao, RaoDelta};

impl SubnetLedger {
    /// Checks Σ entries = alpha for every position of every holder in the state of `block`, and Σ tranches =
    /// Σ positions for every holder.
    ///
    /// # Errors
    /// The first position or holder that differs.
    pub fn check(
        &self,
        block: BlockNumber,
        positions: &BTreeMap<PositionKey, Rao>,
    ) -> Result<(), ConservationError> {
        let keys: BTreeSet<&PositionKey> =
            self.balances.keys().chain(positions.keys().filter(|key| self.is_holder(&key.coldkey))).collect();
        for key in keys {
            let ledger = self.balances.get(key).copied().unwrap_or_default();
            let chain = positions.get(key).copied().unwrap_or_default();
            if ledger != chain.delta() {
                return Err(ConservationError::Position {
                    netuid: self.netuid,
                    block,
                    key: *key,
                    ledger,
                    chain,
                });
            }
        }
        self.check_tranches(block)
    }

    fn check_tranches(&self, block: BlockNumber) -> Result<(), ConservationError> {
        let mut held: BTreeMap<Coldkey, RaoDelta> = BTreeMap::new();
        for (key, alpha) in &self.balances {
            *held.entry(key.coldkey).or_default() += *alpha;
        }
        for holder in self.holders.keys() {
            let (tranches, positions) =
                (self.tranches.stake(holder), held.get(holder).copied().unwrap_or_default());
            if tranches != positions {
                return Err(ConservationError::Tranches {
                    netuid: self.netuid,
                    block,
                    holder: *holder,
                    tranches,
                    positions,
                });
            }
        }
        Ok(())
    }
}
