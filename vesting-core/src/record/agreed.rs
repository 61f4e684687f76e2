//! What is recorded is read twice: an answer of a node is a claim, and two that are the same are believed.

use std::fmt;

use crate::block::{BlockFacts, is_epoch};
use crate::flow::classify::classify;
use crate::ports::{ChainError, ChainPort, ReadChain};
use crate::record::subnet_ledger::SubnetLedger;
use crate::units::{BlockNumber, NetUid};

/// As often the same is asked at most.
const READINGS: u32 = 5;

/// The answer that was given twice; `first` is one that was given already.
pub(crate) async fn agreed<T: PartialEq, F>(
    number: BlockNumber,
    first: Option<T>,
    read: impl Fn() -> F,
) -> Result<T, ChainError>
where
    F: Future<Output = Result<T, ChainError>>,
{
    let mut given: Vec<T> = first.into_iter().collect();
    for _ in 0..READINGS {
        let next = read().await?;
        if given.contains(&next) {
            return Ok(next);
        }
        given.push(next);
    }
    Err(ChainError::Malformed(format!(
        "asked {} times about block {number}, the endpoint gave as many answers",
        given.len()
    )))
}

/// Two answers about the same are not the same: at least one of them is wrong.
pub(crate) fn two_answers(what: impl fmt::Display) -> ChainError {
    ChainError::Malformed(format!("asked twice about {what}, the endpoint gave two answers"))
}

/// A block with its events, as two answers have it; `first` is one of them.
///
/// # Errors
/// [`ChainError::Malformed`] where all answers differ, and as [`ChainPort::read`].
pub async fn agreed_block(
    chain: &dyn ChainPort,
    number: BlockNumber,
    netuids: &[NetUid],
    first: Option<BlockFacts>,
) -> Result<BlockFacts, ChainError> {
    agreed(number, first, || chain.block(number, netuids)).await
}

/// A block without its events, as two answers have it.
///
/// # Errors
/// [`ChainError::Malformed`] where all answers differ, and as [`ChainPort::read`].
pub async fn agreed_glance(
    chain: &dyn ChainPort,
    number: BlockNumber,
    netuids: &[NetUid],
) -> Result<BlockFacts, ChainError> {
    agreed(number, None, || chain.glance(number, netuids)).await
}

/// Whether something of a block is recorded of a subnet besides that it was: where its record begins, an
/// epoch, an operation of a holder, or that the subnet is not there.
pub(crate) fn bears_on(ledger: &SubnetLedger, facts: &BlockFacts) -> bool {
    let Some(counters) = facts.subnets.get(&ledger.netuid()).filter(|_| ledger.watermark().is_some()) else {
        return true;
    };
    if is_epoch(facts.block.number, counters) {
        return true;
    }
    let flows = classify(ledger.netuid(), facts);
    let concerned = flows.legs.iter().map(|leg| leg.key.coldkey);
    let concerned = concerned
        .chain(flows.claims.iter().map(|(_, coldkey)| *coldkey))
        .chain(flows.orders.iter().map(|order| order.trader));
    let of_all = !flows.swaps.is_empty() || !flows.reconciled.is_empty() || flows.new_owner.is_some();
    of_all
        || flows.dissolved.is_some()
        || flows.skipped
        || concerned.into_iter().any(|coldkey| ledger.is_holder(&coldkey))
}
