//! How long to wait after an error before the next attempt.

use std::time::Duration;

use vesting_core::ports::ChainError;
use vesting_core::{MonitorError, NetUid};

use crate::failure::is_passing;
use crate::state::State;

/// The pause between two attempts if the chain or the database cannot be reached. For the chain it doubles
/// each time.
pub const RETRY_PAUSE: Duration = Duration::from_secs(5);

/// The longest pause that is chosen here. A node may ask for a longer one.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The pause between two attempts if the ledger or the record contradicts the chain. Another endpoint may
/// answer otherwise, and nothing is written until it agrees.
pub const DISAGREEMENT_PAUSE: Duration = Duration::from_secs(60);

/// The longest part of a pause without a heartbeat.
pub const LONGEST_SILENCE: Duration = Duration::from_secs(30);

/// The pause before the next attempt, after `tries` failures in a row. `None` if trying again is useless.
pub fn retry_pause(error: &anyhow::Error, tries: u32) -> Option<Duration> {
    let monitor = error.downcast_ref::<MonitorError>();
    if let Some(error) = error.downcast_ref::<ChainError>() {
        return Some(pause(error, tries));
    }
    match monitor {
        // The chain and the record contradict each other: a node may be wrong about either.
        Some(MonitorError::Chain(ChainError::Contradicted { .. })) => Some(DISAGREEMENT_PAUSE),
        Some(MonitorError::Chain(error)) => Some(pause(error, tries)),
        Some(MonitorError::Conservation(_)) => Some(DISAGREEMENT_PAUSE),
        _ => is_passing(error).then_some(RETRY_PAUSE),
    }
}

/// Reports an error, of a subnet or from before any is followed, and waits before the next attempt. An error
/// that does not pass by itself is logged as such; the daemon goes on all the same, because readiness and
/// metrics tell of it.
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

/// The pause before the chain is asked again, after `tries` errors in a row. It doubles each time, and is at
/// least what the node asks for.
pub fn pause(error: &ChainError, tries: u32) -> Duration {
    let grown = RETRY_PAUSE.saturating_mul(1 << tries.saturating_sub(1).min(8)).min(LONGEST_PAUSE);
    match error {
        ChainError::Limited { wait, .. } => grown.max(*wait),
        _ => grown,
    }
}

/// Waits, with heartbeats.
async fn rest(state: &State, pause: Duration) {
    let mut left = pause;
    while !left.is_zero() {
        let part = left.min(LONGEST_SILENCE);
        tokio::time::sleep(part).await;
        left -= part;
        state.heartbeat();
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
