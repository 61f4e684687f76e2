//! What goes wrong, and how long is waited before it is tried again.

use std::time::Duration;

use vesting_core::ports::ChainError;
use vesting_core::{MonitorError, NetUid};

use crate::failure::is_passing;
use crate::state::State;

/// Between two tries when the chain or the database cannot be reached; for the chain it doubles.
pub const RETRY_PAUSE: Duration = Duration::from_secs(5);

/// The longest pause that nobody asked for.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Between two tries when the ledger or the record does not agree with the chain: another endpoint may tell
/// another thing, and nothing is written until it agrees.
pub const DISAGREEMENT_PAUSE: Duration = Duration::from_secs(60);

/// As long a pause at most goes by without a sign of life.
pub const LONGEST_SILENCE: Duration = Duration::from_secs(30);

/// How long to wait before the same is tried again, for so many times in a row; `None` where that is of no
/// use.
pub fn retry_pause(error: &anyhow::Error, tries: u32) -> Option<Duration> {
    let monitor = error.downcast_ref::<MonitorError>();
    if let Some(error) = error.downcast_ref::<ChainError>() {
        return Some(pause(error, tries));
    }
    match monitor {
        // What the chain says and what is recorded are at odds: a node may be wrong about either.
        Some(MonitorError::Chain(ChainError::Contradicted { .. })) => Some(DISAGREEMENT_PAUSE),
        Some(MonitorError::Chain(error)) => Some(pause(error, tries)),
        Some(MonitorError::Conservation(_)) => Some(DISAGREEMENT_PAUSE),
        _ => is_passing(error).then_some(RETRY_PAUSE),
    }
}

/// Says what went wrong, of a subnet or before any is followed, and is tried again, and waits: what does not
/// pass by itself is an error. Stopping altogether would take readiness and metrics away, which tell of it.
pub async fn report_and_wait(state: &State, netuid: Option<NetUid>, error: &anyhow::Error, pause: Duration) {
    state.failed(netuid, error);
    let whose = netuid.map_or_else(String::new, |netuid| format!("subnet {netuid}: "));
    if is_passing(error) {
        tracing::warn!("{whose}{error:#}; trying again in {} s", pause.as_secs());
    } else {
        tracing::error!("{whose}{error:#}; trying again in {} s", pause.as_secs());
    }
    rest(state, pause).await;
}

/// How long to wait before a chain is asked again that answered with an error so many times in a row: as long
/// as it wants, and longer each time.
pub fn pause(error: &ChainError, tries: u32) -> Duration {
    let grown = RETRY_PAUSE.saturating_mul(1 << tries.saturating_sub(1).min(8)).min(LONGEST_PAUSE);
    match error {
        ChainError::Limited { wait, .. } => grown.max(*wait),
        _ => grown,
    }
}

/// Waits, with signs of life.
async fn rest(state: &State, pause: Duration) {
    let mut left = pause;
    while !left.is_zero() {
        let part = left.min(LONGEST_SILENCE);
        tokio::time::sleep(part).await;
        left -= part;
        state.is_waiting();
    }
}

#[cfg(test)]
mod tests {
    use vesting_core::ports::StoreError;
    use vesting_core::{BlockHash, BlockNumber};

    use super::*;

    #[test]
    fn no_answer_of_a_node_ends_following_and_pauses_grow() {
        let block = BlockNumber(7);
        let limited = ChainError::Limited { why: "slower".into(), wait: Duration::from_secs(300) };
        for error in [
            ChainError::Unreachable("x".into()),
            ChainError::Malformed("x".into()),
            ChainError::Unsupported("x".into()),
            ChainError::Pruned { block },
            ChainError::NoSuchBlock(block),
            ChainError::NoSuchSubnet { netuid: NetUid(4), block },
            ChainError::OtherChain {
                endpoint: "x".into(),
                genesis: BlockHash([1; 32]),
                expected: BlockHash([2; 32]),
            },
        ] {
            let pauses = [1, 2, 3, 4, 5, 90].map(|tries| {
                retry_pause(&MonitorError::from(error.clone()).into(), tries).map(|pause| pause.as_secs())
            });
            assert_eq!(pauses, [5, 10, 20, 40, 60, 60].map(Some), "{error}");
            assert_eq!(
                retry_pause(&anyhow::Error::from(error).context("where it was"), 1),
                Some(RETRY_PAUSE)
            );
        }
        assert_eq!(retry_pause(&limited.into(), 1), Some(Duration::from_secs(300)));
        assert_eq!(retry_pause(&StoreError::Unusable("x".into()).into(), 1), None);
    }
}
