//! Which of the followed subnets this process records: one process at a time has the right to, the others stand by.

use std::collections::BTreeMap;
use std::time::Duration;

use vesting_core::NetUid;
use vesting_core::ports::{StakeStore, StoreError};

/// How often who stands by asks: this is how long a record stands still when its process dies.
pub const STANDBY_PAUSE: Duration = Duration::from_secs(1);

/// Whose turn it is.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Lead {
    /// The subnets that are ours to record.
    pub ours: Vec<NetUid>,
    /// Those that others record, with who does.
    pub theirs: BTreeMap<NetUid, String>,
}

impl Lead {
    /// Takes the right to each subnet that can be had.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn take(store: &dyn StakeStore, netuids: &[NetUid]) -> Result<Self, StoreError> {
        let mut lead = Self::default();
        for netuid in netuids {
            match store.claim(*netuid).await {
                Ok(()) => lead.ours.push(*netuid),
                Err(StoreError::Taken { by, .. }) => {
                    lead.theirs.insert(*netuid, by);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(lead)
    }

    /// Whether one of those that others record can be had now.
    pub async fn is_any_free(&self, store: &dyn StakeStore) -> bool {
        for netuid in self.theirs.keys() {
            // Whatever else is wrong is said by who works with the store.
            if store.claim(*netuid).await.is_ok() {
                return true;
            }
        }
        false
    }

    /// Says who is waited for, where that is another than before.
    pub fn say(&self, before: &Self) {
        for (netuid, by) in &self.theirs {
            if before.theirs.get(netuid) != Some(by) {
                tracing::info!("standing by for subnet {netuid}: its record is being written by {by}");
            }
        }
        for netuid in self.ours.iter().filter(|netuid| before.theirs.contains_key(netuid)) {
            tracing::info!("taking over subnet {netuid}");
        }
    }
}
