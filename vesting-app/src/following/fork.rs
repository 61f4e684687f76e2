//! A record that the chain does not go on from.

use std::time::Duration;

use vesting_core::ports::{ChainPort, StakeStore};
use vesting_core::{BlockRef, NetUid, last_on_chain, take_back};

use super::pauses::report_and_wait;
use crate::config::Config;
use crate::state::State;
use crate::witnesses::Witnesses;

/// Where one endpoint alone says so, it is asked as often, so far apart: over a minute.
pub const FORK_TRIES: u32 = 3;
pub const FORK_PAUSE: Duration = Duration::from_secs(30);

/// A record whose last block is not on the chain, with all that it takes to leave the fork.
pub struct Fork<'a> {
    pub netuid: NetUid,
    pub config: &'a Config,
    pub chain: &'a dyn ChainPort,
    pub store: &'a dyn StakeStore,
    pub state: &'a State,
}

impl Fork<'_> {
    /// Asks every endpoint by itself; where two agree on another block, takes the record back to its last
    /// epoch that is on the chain. Otherwise it is waited, and what to do is said once that was so for the
    /// so-many-th time.
    pub async fn leave(&self, error: anyhow::Error, stands_at: BlockRef, times: u32) -> anyhow::Result<()> {
        let Some(genesis) = self.store.genesis().await? else { return Err(error) };
        let witnesses = Witnesses::ask(self.config, genesis, stands_at).await;
        if witnesses.agree_on_another() && self.go_back().await? {
            return Ok(());
        }
        let error = if times < FORK_TRIES { error } else { error.context(witnesses.message(stands_at)) };
        report_and_wait(self.state, Some(self.netuid), &error, FORK_PAUSE).await;
        Ok(())
    }

    /// Takes the record back to its last epoch that is on the chain, if there is one.
    async fn go_back(&self) -> anyhow::Result<bool> {
        let (chain, store) = (self.chain, self.store);
        let Some(common) = last_on_chain(chain, store, self.netuid).await? else { return Ok(false) };
        if let Some(taken) = take_back(chain, store, self.netuid, common).await? {
            tracing::warn!(
                "subnet {}: the last blocks of the record are not on the chain, as two endpoints say; it was taken back from block {} to its epoch in block {common}",
                self.netuid,
                taken.from.number
            );
        }
        Ok(true)
    }
}
