//! A record that is on a fork: the chain does not continue from its last block.

use std::time::Duration;

use vesting_core::ports::{ChainPort, StakeStore};
use vesting_core::{BlockRef, NetUid, last_on_chain, take_back};

use super::pauses::report_and_wait;
use crate::config::Config;
use crate::state::State;
use crate::witnesses::Witnesses;

/// How often the endpoints are asked while only one reports the fork, and the pause in between: over a minute
/// together.
pub const FORK_TRIES: u32 = 3;
pub const FORK_PAUSE: Duration = Duration::from_secs(30);

/// A record whose last block is not on the chain, with what it takes to leave the fork.
pub struct Fork<'a> {
    pub netuid: NetUid,
    pub config: &'a Config,
    pub chain: &'a dyn ChainPort,
    pub store: &'a dyn StakeStore,
    pub state: &'a State,
}

impl Fork<'_> {
    /// Asks every endpoint separately. If two agree on another block, the record is taken back to its last
    /// epoch on the chain. Otherwise this waits; after `FORK_TRIES` times in a row the error also says what
    /// to do.
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

    /// Takes the record back to its last epoch on the chain. `false` if there is none.
    async fn go_back(&self) -> anyhow::Result<bool> {
        let (chain, store) = (self.chain, self.store);
        let Some(common) = last_on_chain(chain, store, self.netuid).await? else { return Ok(false) };
        if let Some(taken) = take_back(chain, store, self.netuid, common).await? {
            tracing::warn!(
                "subnet {}: two endpoints agree that the last blocks of the record are not on the chain; it \
                 was taken back from block {} to its epoch in block {common}",
                self.netuid,
                taken.from.number
            );
        }
        Ok(true)
    }
}
