//! The inspection of a record in a file, part by part, before any of it is written.

use anyhow::Context;
use serde::Serialize;
use vesting_core::check::{CheckError, PartChecker};
use vesting_core::policy::Policy;
use vesting_core::ports::Commit;
use vesting_core::{BlockHash, BlockNumber, NetUid, TrackerError, prune};

use super::check::CheckSummary;
use super::scratch::Scratch;
use super::spot_check::Stand;
use crate::config::Config;
use crate::wiring;

#[derive(Serialize)]
pub struct DigestLine {
    pub as_of: u64,
    pub state_digest: String,
    pub policy_digest: String,
    pub incomplete_since: Option<u64>,
    /// Whether `--expect-digest` named it.
    pub expected: bool,
}

/// The record of a subnet, as far as it was read: its last parts and its window.
pub struct Inspection {
    netuid: NetUid,
    policy: Policy,
    /// The block as of which the digest is asked for.
    as_of: Option<BlockNumber>,
    checker: PartChecker,
    /// What the digest is computed from. A window of a full subnet is too much for memory.
    window: Scratch,
}

/// The record of a subnet that was read to its end. A file may have many, so only what is small is in memory.
pub struct Inspected {
    pub netuid: NetUid,
    /// The record's last block.
    pub last: BlockNumber,
    /// What was checked.
    pub checked: CheckSummary,
    /// What it says of its last epoch.
    pub stand: Option<Stand>,
    policy: Policy,
    as_of: Option<BlockNumber>,
    window: Scratch,
}

impl Inspection {
    /// Starts before the first part of a subnet.
    pub async fn new(
        config: &Config,
        netuid: NetUid,
        genesis: BlockHash,
        as_of: Option<BlockNumber>,
    ) -> anyhow::Result<Self> {
        let window = Scratch::new(config)?;
        window.store().bind_chain(genesis).await?;
        let policy = config.policy(netuid).clone();
        Ok(Self { netuid, policy, as_of, checker: PartChecker::new(netuid), window })
    }

    /// Inspects the next part.
    pub async fn take(&mut self, mut part: Commit) -> anyhow::Result<()> {
        self.checker.take(&mut part).await.context("the file is not consistent")?;
        let reached = self.window.store().watermark(self.netuid).await?.map(|mark| mark.block.number);
        if self.as_of.is_some_and(|as_of| reached >= Some(as_of)) {
            return Ok(());
        }
        self.window.store().commit(&part).await?;
        drop(part);
        self.leave_behind().await
    }

    /// Condenses what lies before the window.
    async fn leave_behind(&mut self) -> anyhow::Result<()> {
        let window = self.window.store();
        let Some(mark) = window.watermark(self.netuid).await? else { return Ok(()) };
        let last = self.as_of.map_or(mark.block.number, |as_of| as_of.min(mark.block.number));
        let epochs = window.epoch_list(self.netuid, mark.first_block, last).await?;
        let base = prune::base(&mark, &epochs, self.policy.retention_window).map(|epoch| epoch.block.number);
        if let Some(base) = base.filter(|base| *base < mark.block.number) {
            window.prune(self.netuid, base).await?;
        }
        Ok(())
    }

    /// The subnet.
    pub const fn netuid(&self) -> NetUid {
        self.netuid
    }

    /// Ends after the last part of a subnet.
    pub async fn finish(self) -> anyhow::Result<Inspected> {
        let mark = self.checker.mark().ok_or(CheckError::Gone(self.netuid))?;
        Ok(Inspected {
            netuid: self.netuid,
            last: mark.block.number,
            checked: CheckSummary::new(self.netuid, &mark, self.checker.checked()),
            stand: Stand::of(&self.checker.record().await?),
            policy: self.policy,
            as_of: self.as_of,
            window: self.window,
        })
    }
}

impl Inspected {
    /// The digest, which must be the expected one. `None` if there can be no digest.
    pub async fn digest(&self, expected: Option<&str>) -> anyhow::Result<Option<DigestLine>> {
        let (netuid, policy) = (self.netuid, &self.policy);
        let summary = match wiring::tracker(self.window.store()).state(netuid, policy, self.as_of).await {
            Ok((_, state)) => state.summary(),
            // A record may end before its first epoch, or lack times that only the policy needs.
            Err(TrackerError::NoEpoch { .. } | TrackerError::MissingTime(_)) if expected.is_none() => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let said = summary.digest().to_string();
        if let Some(expected) = expected.filter(|expected| *expected != said) {
            anyhow::bail!(
                "the state digest of subnet {netuid} as of block {} is {said} under the policy {}, not \
                 {expected} as expected: the file, the policy or the epoch is another one",
                summary.as_of.number,
                policy.digest()
            );
        }
        Ok(Some(DigestLine {
            as_of: summary.as_of.number.0,
            state_digest: said,
            policy_digest: policy.digest().to_string(),
            incomplete_since: summary.incomplete_since.map(|block| block.0),
            expected: expected.is_some(),
        }))
    }
}
