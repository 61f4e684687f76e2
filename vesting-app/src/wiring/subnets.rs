//! The subnets that a command is about.

use vesting_core::ports::{ChainError, ChainPort, StakeStore};
use vesting_core::{BlockNumber, NetUid, agreed_glance};

use crate::config::Config;
use crate::exit::UsageError;

/// The subnets to follow. At least one must be named.
pub fn subnets_to_follow(config: &Config) -> anyhow::Result<Vec<NetUid>> {
    if config.netuids.is_empty() {
        return Err(UsageError(
            "which subnet? name it with `--netuid N`, VESTING_NETUIDS, or `netuids` in vesting.toml".into(),
        )
        .into());
    }
    Ok(config.netuids.clone())
}

/// The subnet to show: the one that is named, or the only one with a record.
pub async fn subnet_to_show(config: &Config, store: &dyn StakeStore) -> anyhow::Result<NetUid> {
    match config.netuids.as_slice() {
        [netuid] => return Ok(*netuid),
        [] => {}
        _ => {
            return Err(UsageError("this command shows one subnet: name one with `--netuid N`".into()).into());
        }
    }
    match store.netuids().await?.as_slice() {
        [netuid] => Ok(*netuid),
        [] => {
            anyhow::bail!("the database holds no record yet: run `vesting catch-up` or `vesting run` first")
        }
        many => {
            let many: Vec<String> = many.iter().map(ToString::to_string).collect();
            Err(UsageError(format!(
                "the database holds the subnets {}: name one with `--netuid N`",
                many.join(", ")
            ))
            .into())
        }
    }
}

/// Those of the subnets that exist at a block.
pub async fn subnets_at(
    chain: &dyn ChainPort,
    netuids: &[NetUid],
    at: BlockNumber,
) -> Result<Vec<NetUid>, ChainError> {
    if netuids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(agreed_glance(chain, at, netuids).await?.subnets.into_keys().collect())
}
