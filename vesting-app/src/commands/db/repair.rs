//! `vesting db repair`.

use std::sync::Arc;

use clap::Args;
use serde_json::json;
use vesting_core::ports::{ChainPort, StakeStore};
use vesting_core::{BlockNumber, MonitorError, NetUid, TakenBack, last_on_chain, take_back};

use super::chosen::chosen;
use crate::commands::session::Session;
use crate::exit::UsageError;
use crate::wiring;

/// `db repair`.
#[derive(Debug, Args)]
pub struct RepairArgs {
    /// The first block to read again.
    #[arg(long, value_name = "BLOCK", value_parser = clap::value_parser!(u64).range(1..))]
    pub from: u64,
}

pub async fn run(session: &mut Session, args: &RepairArgs) -> anyhow::Result<()> {
    let from = BlockNumber(args.from);
    // A database that does not exist is not created.
    let record = session.open_record()?;
    let netuids = chosen(session, &record.netuids().await?, "the database")?;
    for netuid in &netuids {
        let Some(mark) = record.watermark(*netuid).await? else { continue };
        if from > mark.block.number {
            let why =
                format!("`--from {from}`: the record of subnet {netuid} ends at block {}", mark.block.number);
            return Err(UsageError(why).into());
        }
    }
    drop(record);
    let store = session.open_or_create_record()?;
    let chain = wiring::chain(&session.config);
    store.genesis().await?.inspect(|genesis| chain.expect_genesis(*genesis));
    wiring::bind_database(&session.config, chain.as_ref(), store.as_ref()).await?;
    // A `run` that records this subnet would continue from the old end.
    for netuid in &netuids {
        store.claim(*netuid).await?;
    }
    for netuid in netuids {
        let Some(taken) = take_back_before(chain.as_ref(), &store, netuid, from).await? else { continue };
        print(session, netuid, &taken)?;
    }
    Ok(())
}

async fn take_back_before(
    chain: &dyn ChainPort,
    store: &Arc<dyn StakeStore>,
    netuid: NetUid,
    from: BlockNumber,
) -> anyhow::Result<Option<TakenBack>> {
    match take_back(chain, store.as_ref(), netuid, from.parent()).await {
        Err(MonitorError::Fork { block, stands_at }) => {
            let common = last_on_chain(chain, store.as_ref(), netuid).await?;
            let advice = common.map_or_else(
                || {
                    "none of its epochs is on this chain: check `--network` or `--endpoints`, or use another \
                     `--database-url`"
                        .to_owned()
                },
                |common| {
                    format!(
                        "use `--from {}`: block {common} is the last of its epochs that is on the chain",
                        common.child()
                    )
                },
            );
            anyhow::bail!(
                "subnet {netuid}: the epoch in block {stands_at} of the record is not on the chain, which \
                 has another block {block}; {advice}"
            )
        }
        taken => Ok(taken?),
    }
}

fn print(session: &mut Session, netuid: NetUid, taken: &TakenBack) -> anyhow::Result<()> {
    if session.json {
        return session.out.json(&json!({
            "netuid": netuid.0,
            "stood_at": taken.from.number.0,
            "stands_at": taken.to.map(|block| block.number.0),
            "first_block": taken.first_block.0,
        }));
    }
    session.out.line(match taken.to {
        Some(to) => format!(
            "The record of subnet {netuid} was taken back from block {} to its epoch in block {}; `vesting \
             run` and `vesting catch-up` go on from there.",
            taken.from.number, to.number
        ),
        None => format!(
            "Nothing is left of the record of subnet {netuid}, which stood at block {} and had no epoch \
             before: `vesting catch-up --from {}` begins it again.",
            taken.from.number, taken.first_block
        ),
    })
}
