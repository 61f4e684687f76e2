//! The digests of a state, part by part.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vesting_core::digest::{Digest, Range, Section, StateSummary};
use vesting_core::policy::Policy;
use vesting_core::{BlockHash, BlockNumber, BlockRef, NetUid};

use super::text::Hash;

/// The digests of a state, part by part, and of the policy.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Digests {
    pub netuid: u16,
    /// The block of the epoch.
    pub as_of: u64,
    /// The hash of that block.
    #[schema(value_type = Hash)]
    pub hash: String,
    #[schema(value_type = Hash)]
    pub state_digest: String,
    #[schema(value_type = Hash)]
    pub policy_digest: String,
    /// Whether the record covers the window. If it does not, the digest is not yet that of others.
    pub complete: bool,
    /// Where the record begins, if that is inside the window: then every multiplier is 1.
    pub incomplete_since: Option<u64>,
    /// The genesis hash of the chain.
    #[schema(value_type = Hash)]
    pub genesis: String,
    pub registered_at: u64,
    pub window_start: u64,
    pub sections: Vec<DigestSection>,
    pub entries: Vec<Blocks>,
}

/// A section of a digest.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DigestSection {
    pub section: String,
    pub rows: u64,
    #[schema(value_type = Hash)]
    pub digest: String,
}

/// The entries of one epoch of the window.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Blocks {
    from: u64,
    to: u64,
    rows: u64,
    #[schema(value_type = Hash)]
    digest: String,
}

impl From<&Range> for Blocks {
    fn from(range: &Range) -> Self {
        Self {
            from: range.from.0,
            to: range.to.0,
            rows: range.entries.rows,
            digest: range.entries.digest.to_string(),
        }
    }
}

fn part(section: &str, of: Section) -> DigestSection {
    DigestSection { section: section.to_owned(), rows: of.rows, digest: of.digest.to_string() }
}

impl Digests {
    pub fn of(summary: &StateSummary, policy: &Policy) -> Self {
        Self {
            netuid: summary.netuid.0,
            as_of: summary.as_of.number.0,
            hash: summary.as_of.hash.to_string(),
            state_digest: summary.digest().to_string(),
            policy_digest: policy.digest().to_string(),
            complete: summary.incomplete_since.is_none(),
            incomplete_since: summary.incomplete_since.map(|block| block.0),
            genesis: summary.genesis.to_string(),
            registered_at: summary.registered_at.0,
            window_start: summary.start.0,
            sections: vec![
                part("neurons", summary.neurons),
                part("holders", summary.holders),
                part("successions", summary.successions),
                part("openings", summary.openings),
                part("entries", summary.entries()),
                part("multipliers", summary.multipliers),
            ],
            entries: summary.ranges.iter().map(Blocks::from).collect(),
        }
    }

    /// The summary of the state whose digests these are.
    ///
    /// # Errors
    /// Says which field is not understood, or that the digests of the parts do not give the state digest.
    pub fn summary(&self) -> Result<StateSummary, String> {
        let section = |name: &str| {
            let part = self
                .sections
                .iter()
                .find(|part| part.section == name)
                .ok_or_else(|| format!("the section `{name}` is missing"))?;
            Ok::<_, String>(Section { rows: part.rows, digest: Digest(hash(name, &part.digest)?) })
        };
        let summary = StateSummary {
            genesis: BlockHash(hash("genesis", &self.genesis)?),
            netuid: NetUid(self.netuid),
            registered_at: BlockNumber(self.registered_at),
            as_of: BlockRef { number: BlockNumber(self.as_of), hash: BlockHash(hash("hash", &self.hash)?) },
            start: BlockNumber(self.window_start),
            incomplete_since: self.incomplete_since.map(BlockNumber),
            neurons: section("neurons")?,
            holders: section("holders")?,
            successions: section("successions")?,
            openings: section("openings")?,
            ranges: self.entries.iter().map(Blocks::range).collect::<Result<_, _>>()?,
            multipliers: section("multipliers")?,
        };
        if summary.digest().to_string() != self.state_digest {
            return Err("its parts do not give its state digest: it may be of another version".to_owned());
        }
        Ok(summary)
    }
}

impl Blocks {
    fn range(&self) -> Result<Range, String> {
        let entries = Section { rows: self.rows, digest: Digest(hash("entries", &self.digest)?) };
        Ok(Range { from: BlockNumber(self.from), to: BlockNumber(self.to), entries })
    }
}

/// The 32 bytes of `0x…`.
fn hash(field: &str, text: &str) -> Result<[u8; 32], String> {
    let digits = text.strip_prefix("0x").ok_or_else(|| format!("`{field}` does not begin with 0x"))?;
    let mut bytes = [0; 32];
    match faster_hex::hex_decode(digits.as_bytes(), &mut bytes) {
        Ok(()) if digits.len() == 64 => Ok(bytes),
        _ => Err(format!("`{field}` is not 0x and 64 hexadecimal digits")),
    }
}
