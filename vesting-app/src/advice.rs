//! What to do about an error of the core. The core names no flag and no command; this program's advice is added
//! where its errors are shown.
//!
//! Takes from nothing here.

use std::fmt::Display;

use vesting_core::ports::{ChainError, StoreError};
use vesting_core::{MonitorError, TrackerError};

/// An error with advice on what to do about it.
pub trait Advised {
    /// The advice, as it follows on the error's text; `None` where that says all.
    fn advice(&self) -> Option<String>;

    /// The error with the advice.
    fn advised(&self) -> String
    where
        Self: Display,
    {
        format!("{self}{}", self.advice().unwrap_or_default())
    }
}

impl Advised for ChainError {
    fn advice(&self) -> Option<String> {
        let advice = match self {
            Self::OtherChain { .. } => ": check `--network` or `--endpoints`",
            Self::Pruned { .. } => {
                ": use an archive endpoint (`--network archive`, or `--endpoints` with one)"
            }
            Self::NoSuchSubnet { .. } => ": check `--netuid`",
            Self::Unreadable { .. } => {
                "; a newer version of vesting may know it, and `vesting doctor` says what to do"
            }
            Self::Contradicted { .. } => {
                "; an endpoint with the state of those blocks is needed for that (`--network archive`, or \
                 `--endpoints` with an archive endpoint), and until then nothing is written"
            }
            _ => return None,
        };
        Some(advice.to_owned())
    }
}

impl Advised for StoreError {
    fn advice(&self) -> Option<String> {
        match self {
            Self::OtherChain { .. } => Some(": use another `--database-url` or another endpoint".to_owned()),
            _ => None,
        }
    }
}

impl Advised for MonitorError {
    fn advice(&self) -> Option<String> {
        match self {
            Self::Chain(error) => error.advice(),
            Self::Store(error) => error.advice(),
            _ => None,
        }
    }
}

impl Advised for TrackerError {
    fn advice(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.advice(),
            Self::NotRecorded(netuid) => Some(format!(": run `vesting catch-up --netuid {netuid}` first")),
            Self::NoEpoch { .. } => Some(": catch up further, or ask for a later block".to_owned()),
            Self::Nobody { netuid, .. } => {
                Some(format!("; `vesting miners --netuid {netuid}` lists those there are"))
            }
            Self::MissingTime(_) => {
                Some(": record the subnet anew for `duration_rule = since_last_sale`".to_owned())
            }
            _ => None,
        }
    }
}

impl Advised for anyhow::Error {
    fn advice(&self) -> Option<String> {
        let of = |cause: &(dyn std::error::Error + 'static)| {
            let chain = cause.downcast_ref::<ChainError>().and_then(ChainError::advice);
            let store = || cause.downcast_ref::<StoreError>().and_then(StoreError::advice);
            let monitor = || cause.downcast_ref::<MonitorError>().and_then(MonitorError::advice);
            let tracker = || cause.downcast_ref::<TrackerError>().and_then(TrackerError::advice);
            chain.or_else(store).or_else(monitor).or_else(tracker)
        };
        self.chain().find_map(of)
    }

    /// The error with its causes and the advice.
    fn advised(&self) -> String {
        format!("{self:#}{}", self.advice().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;
    use vesting_core::{BlockNumber, NetUid};

    use super::*;

    #[test]
    fn advice_follows_on_the_cause_however_deep_it_lies() {
        let pruned = ChainError::Pruned { block: BlockNumber(7) };
        let said = "the node has discarded the state of block 7: use an archive endpoint (`--network \
                    archive`, or \
                    `--endpoints` with one)";
        assert_eq!(pruned.advised(), said);
        let deep = Err::<(), _>(MonitorError::from(pruned)).context("subnet 2").unwrap_err();
        assert_eq!(deep.advised(), format!("subnet 2: {said}"));
        let unknown = anyhow::Error::new(TrackerError::NotRecorded(NetUid(2)));
        assert_eq!(
            unknown.advised(),
            "there is no record of subnet 2: run `vesting catch-up --netuid 2` first"
        );
        assert_eq!(anyhow::anyhow!("no advice").advised(), "no advice");
    }
}
