//! Whatever is recorded is read twice. One answer of a node is only a claim; two equal answers are believed.

use std::fmt;

use crate::block::BlockFacts;
use crate::ports::{ChainError, ChainPort, ReadChain};
use crate::units::{BlockNumber, NetUid};

/// The most times that the same question is asked.
const READINGS: u32 = 5;

/// The first answer that is given twice. `first` is an answer that was given already.
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

/// The error for two different answers to one question. At least one of them is wrong.
pub(crate) fn two_answers(what: impl fmt::Display) -> ChainError {
    ChainError::Malformed(format!("asked twice about {what}, the endpoint gave two answers"))
}

/// A block with its events, as two answers agree on it. `first` is an answer that was given already.
///
/// For the crates of this workspace.
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

/// A block without its events, as two answers agree on it.
///
/// For the crates of this workspace.
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
