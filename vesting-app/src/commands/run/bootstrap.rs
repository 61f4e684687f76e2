//! Records that are taken from another validator at the start, and judged by a second one and by the chain.

use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use vesting_chain::SubxtChain;
use vesting_core::NetUid;
use vesting_core::ports::{ChainPort, StakeStore};
use vesting_store::export::Reader;

use super::start::off_thread;
use crate::advice::Advised;
use crate::commands::db::{Giver, SPOT_CHECKS, SecondSource, fetch, inspect, judge, spot_check, write};
use crate::config::Config;
use crate::exit::UsageError;
use crate::late::LateStore;
use crate::wiring;

/// Who gives records, and who judges them.
pub struct Bootstrap {
    giver: Giver,
    judge: SecondSource,
}

impl Bootstrap {
    /// As configured; `None` where nobody is named.
    pub fn of(config: &Config) -> Result<Option<Self>, UsageError> {
        let Some(named) = &config.bootstrap else { return Ok(None) };
        Ok(Some(Self {
            giver: Giver::new(&named.url, named.token.clone(), "--bootstrap-token")?,
            judge: SecondSource::new(
                &named.digest_from,
                named.digest_token.clone(),
                "--bootstrap-digest-token",
                Some(&named.url),
            )?,
        }))
    }

    /// Takes the records of the subnets that have none. What cannot be taken is said, and then recorded from
    /// the chain, as without a bootstrap. Returns the subnets that have records now.
    pub async fn take(
        &self,
        config: &Config,
        chain: &SubxtChain,
        late_store: &LateStore,
        mut recorded: Vec<NetUid>,
    ) -> Vec<NetUid> {
        for netuid in
            config.netuids.iter().filter(|netuid| !recorded.contains(netuid)).copied().collect::<Vec<_>>()
        {
            let giver = self.giver.url();
            tracing::info!(%netuid, %giver, "taking the record from another validator");
            match self.take_one(config, chain, late_store, netuid).await {
                Ok(block) => {
                    tracing::info!(%netuid, block, "the record was taken in: a second validator and the chain agree");
                    recorded.push(netuid);
                }
                Err(error) => tracing::warn!(
                    %netuid,
                    "no record was taken from {giver}, so it is read from the chain: {}",
                    error.advised()
                ),
            }
        }
        recorded
    }

    /// Takes the record of a subnet. Returns its last block.
    async fn take_one(
        &self,
        config: &Config,
        chain: &SubxtChain,
        late_store: &LateStore,
        netuid: NetUid,
    ) -> anyhow::Result<u64> {
        let fetched = fetch(config, &self.giver, Some(netuid)).await?;
        let path = fetched.path();
        let file = Reader::open(path)?;
        let (genesis, offered) = (file.genesis(), chain.genesis().await?);
        ensure!(offered == genesis, "it is of the chain with genesis {genesis}, not {offered}");
        ensure!(file.netuids().contains(&netuid), "it holds no record of subnet {netuid}");
        let (found, checksum) = inspect(config, file, &[netuid], None).await?;
        let inspected = found.into_iter().next().context("it holds no part of the record")?;
        let (inspected, digest) = judge(config, path, inspected, &self.judge).await?;
        let judged = inspected.digest(Some(&digest)).await?;
        // From the chain, more may be had.
        if let Some(block) = judged.and_then(|judged| judged.incomplete_since) {
            bail!("it begins at block {block}, inside the window");
        }
        if let Some(stand) = &inspected.stand {
            spot_check(chain, stand, checksum, SPOT_CHECKS).await?;
        }
        let store = store(config, late_store).await?;
        write(store.as_ref(), path, genesis, &[netuid], checksum).await?;
        Ok(inspected.last.0)
    }
}

/// The record's database, which is made now if there is none.
async fn store(config: &Config, late_store: &LateStore) -> anyhow::Result<Arc<dyn StakeStore>> {
    if let Some(store) = late_store.get() {
        return Ok(Arc::clone(store));
    }
    let store = off_thread(config, wiring::open_or_create_record).await?;
    late_store.stand_for(Arc::clone(&store));
    Ok(store)
}
