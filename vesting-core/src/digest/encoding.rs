//! The bytes that are hashed. A change of them must change [`DOMAIN`] and the description of the module.

use blake2::Blake2b;
use blake2::digest::Digest as _;
use blake2::digest::consts::U32;

use super::state::WindowState;
use super::summary::{Range, Section, StateSummary};
use crate::ledger::Entry;
use crate::units::{BlockNumber, Coldkey, Digest, PositionKey, RaoDelta};

const DOMAIN: &str = "vesting/state/1";

impl WindowState {
    /// Its digests, part by part.
    #[must_use]
    pub fn summary(&self) -> StateSummary {
        summary(self)
    }
}

impl StateSummary {
    /// The state digest.
    #[must_use]
    pub fn digest(&self) -> Digest {
        state(self)
    }

    /// The section of all entries: its rows are the ranges.
    #[must_use]
    pub fn entries(&self) -> Section {
        entries(&self.ranges)
    }
}

fn state(summary: &StateSummary) -> Digest {
    let mut bytes = Bytes::new();
    bytes.text(DOMAIN);
    bytes.raw(&summary.genesis.0);
    bytes.raw(&summary.netuid.0.to_le_bytes());
    bytes.block(summary.registered_at);
    bytes.block(summary.as_of.number);
    bytes.raw(&summary.as_of.hash.0);
    bytes.block(summary.start);
    let StateSummary { neurons, holders, successions, openings, multipliers, .. } = summary;
    for section in [*neurons, *holders, *successions, *openings, entries(&summary.ranges), *multipliers] {
        bytes.raw(&section.digest.0);
    }
    bytes.digest()
}

fn summary(state: &WindowState) -> StateSummary {
    let ledger = &state.ledger;
    StateSummary {
        genesis: state.genesis,
        netuid: ledger.netuid,
        registered_at: ledger.window.as_of.registered_at,
        as_of: ledger.window.as_of.block,
        start: ledger.window.start,
        incomplete_since: ledger.window.incomplete_since,
        neurons: section("neurons", &state.neurons, |bytes, neuron| {
            bytes.raw(&neuron.uid.0.to_le_bytes());
            bytes.position(&neuron.position());
        }),
        holders: section("holders", &ledger.holders, |bytes, (coldkey, start)| {
            bytes.coldkey(coldkey);
            bytes.block(*start);
        }),
        successions: section("successions", &ledger.successions, |bytes, succession| {
            bytes.block(succession.block);
            bytes.raw(&succession.event_index.to_le_bytes());
            bytes.coldkey(&succession.old);
            bytes.coldkey(&succession.new);
        }),
        openings: section("openings", &ledger.openings, |bytes, opening| {
            bytes.block(opening.block);
            bytes.event(opening.event_index);
            bytes.position(&opening.key);
            bytes.alpha(opening.alpha);
        }),
        ranges: ranges(state),
        multipliers: section("multipliers", &state.multipliers, |bytes, (coldkey, multiplier)| {
            bytes.coldkey(coldkey);
            bytes.raw(&multiplier.factor.0.to_le_bytes());
            bytes.raw(&[u8::from(multiplier.zero_weight)]);
        }),
    }
}

fn ranges(state: &WindowState) -> Vec<Range> {
    let window = &state.ledger.window;
    let mut rest = state.ledger.entries.as_slice();
    let mut from = window.start.child();
    let mut ranges = Vec::with_capacity(window.epochs.len());
    for to in window.epochs.iter().map(|epoch| epoch.block.number) {
        let (inside, after) = rest.split_at(rest.partition_point(|entry| entry.block <= to));
        ranges.push(Range { from, to, entries: range(from, to, inside) });
        (rest, from) = (after, to.child());
    }
    ranges
}

fn range(from: BlockNumber, to: BlockNumber, entries: &[Entry]) -> Section {
    let mut bytes = Bytes::of("range");
    bytes.block(from);
    bytes.block(to);
    bytes.rows(entries, |bytes, entry| {
        bytes.block(entry.block);
        bytes.event(entry.source.map(|source| source.event_index));
        bytes.text(entry.kind.name());
        bytes.position(&entry.key);
        bytes.alpha(entry.alpha);
    })
}

/// The section of all entries.
fn entries(ranges: &[Range]) -> Section {
    section("entries", ranges, |bytes, range| {
        bytes.block(range.from);
        bytes.block(range.to);
        bytes.raw(&range.entries.rows.to_le_bytes());
        bytes.raw(&range.entries.digest.0);
    })
}

fn section<T>(
    name: &str,
    rows: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
    put: impl Fn(&mut Bytes, T),
) -> Section {
    Bytes::of(name).rows(rows, put)
}

/// A hash that bytes are added to.
struct Bytes(Blake2b<U32>);

impl Bytes {
    fn new() -> Self {
        Self(Blake2b::new())
    }

    /// Begins the hash of the section or range with this name.
    fn of(name: &str) -> Self {
        let mut bytes = Self::new();
        bytes.text(&format!("{DOMAIN}/{name}"));
        bytes
    }

    fn rows<T>(
        mut self,
        rows: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
        put: impl Fn(&mut Self, T),
    ) -> Section {
        let rows = rows.into_iter();
        // A count always fits into 64 bits.
        let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        self.raw(&count.to_le_bytes());
        for row in rows {
            put(&mut self, row);
        }
        Section { rows: count, digest: self.digest() }
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The names are those of this crate, and short.
    fn text(&mut self, text: &str) {
        self.raw(&[u8::try_from(text.len()).unwrap_or(u8::MAX)]);
        self.raw(text.as_bytes());
    }

    fn block(&mut self, block: BlockNumber) {
        self.raw(&block.0.to_le_bytes());
    }

    fn event(&mut self, index: Option<u32>) {
        self.raw(&[u8::from(index.is_some())]);
        if let Some(index) = index {
            self.raw(&index.to_le_bytes());
        }
    }

    fn coldkey(&mut self, coldkey: &Coldkey) {
        self.raw(&coldkey.0);
    }

    fn position(&mut self, key: &PositionKey) {
        self.raw(&key.hotkey.0);
        self.coldkey(&key.coldkey);
    }

    fn alpha(&mut self, alpha: RaoDelta) {
        self.raw(&alpha.0.to_le_bytes());
    }

    fn digest(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}
