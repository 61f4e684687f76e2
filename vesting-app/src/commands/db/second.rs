//! The digest of a second validator, by which a record is judged that another one gave.

use anyhow::Context;
use vesting_core::{BlockNumber, NetUid};
use vesting_secret::SecretUrl;

use super::inspect::DigestLine;
use crate::client::{Client, host};
use crate::commands::compare::digests;
use crate::config::Token;
use crate::exit::UsageError;
use crate::view::digest::Digests;

/// A second validator.
pub struct SecondSource {
    url: SecretUrl,
    client: Client,
}

impl SecondSource {
    /// The validator whose API is at this URL. It must be another one than the record's.
    /// `token_flag` is the argument that gives its token.
    pub fn new(
        url: &SecretUrl,
        token: Option<Token>,
        token_flag: &'static str,
        record: Option<&SecretUrl>,
    ) -> Result<Self, UsageError> {
        if record.is_some_and(|record| host(record).eq_ignore_ascii_case(host(url))) {
            return Err(UsageError(format!(
                "the digest cannot be asked of {url}, since the record is from there too: name another one"
            )));
        }
        Ok(Self { url: url.clone(), client: Client::new(url, token, token_flag)? })
    }

    /// The digest there as of the epoch of `ours`, or as of an earlier one where that is its newest.
    pub async fn digest(&self, netuid: NetUid, ours: &DigestLine) -> anyhow::Result<Digests> {
        let theirs = digests(&self.client, netuid, Some(BlockNumber(ours.as_of))).await;
        let theirs = theirs.context("the second validator does not tell its digest")?;
        anyhow::ensure!(
            theirs.netuid == netuid.0 && theirs.as_of <= ours.as_of,
            "{} tells the digest of subnet {} as of block {}, not that of subnet {netuid} as of block {}",
            self.url,
            theirs.netuid,
            theirs.as_of,
            ours.as_of
        );
        anyhow::ensure!(
            theirs.policy_digest == ours.policy_digest,
            "{} follows another policy than this one ({}, not {}): their digests cannot be compared",
            self.url,
            theirs.policy_digest,
            ours.policy_digest
        );
        if let (Some(block), None) = (theirs.incomplete_since, ours.incomplete_since) {
            anyhow::bail!(
                "the record of {} begins at block {block}, inside the window, so its digest tells nothing yet: \
                 name another validator",
                self.url
            );
        }
        Ok(theirs)
    }
}
