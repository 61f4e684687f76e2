//! What is recorded is read twice: an answer of a node is a claim, and two that are the same are believed.

use std::fmt;

use crate::block::BlockFacts;
use crate::ports::{ChainError, ChainPort, ReadChain};
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
