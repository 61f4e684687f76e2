//! A whole chain in memory: blocks, and the state after each of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::data::{BlockData, NotNext, RuntimeData};
use super::heights::Blocks;

#[derive(Debug)]
struct Header {
    hash: [u8; 32],
    parent_hash: [u8; 32],
    header: Box<[u8]>,
    extrinsics: Box<[Vec<u8>]>,
}

/// The values of one key, each with the block that wrote it.
type Versions = Vec<(u32, Option<Box<[u8]>>)>;

/// A chain that grows at its end and may drop its oldest blocks. State is kept by key, so a binary search
/// finds the value in any block.
#[derive(Default)]
pub struct History {
    blocks: Blocks<Header>,
    numbers: HashMap<[u8; 32], u32>,
    storage: HashMap<Arc<[u8]>, Versions, FixedState>,
    /// Every key that was ever written, in order.
    keys: BTreeSet<Arc<[u8]>>,
    runtimes: BTreeMap<u32, RuntimeData>,
}

impl History {
    /// Adds the next block.
    ///
    /// # Errors
    /// When the block does not follow on the last one.
    pub fn push(&mut self, block: BlockData) -> Result<(), NotNext> {
        let expected = self.blocks.next();
        let follows = self.blocks.follows_a_gap()
            || self.blocks.newest().is_none_or(|last| last.hash == block.parent_hash);
        if block.number != expected || !follows {
            return Err(NotNext { number: block.number, expected });
        }
        for (key, value) in block.changes {
            if !self.storage.contains_key(&*key) {
                let key: Arc<[u8]> = key.as_slice().into();
                self.keys.insert(Arc::clone(&key));
                self.storage.insert(key, Versions::new());
            }
            let Some(versions) = self.storage.get_mut(&*key) else { continue };
            let value = value.map(Vec::into_boxed_slice);
            match versions.last_mut() {
                // The last write of a block is the one that counts.
                Some(last) if last.0 == block.number => last.1 = value,
                _ => versions.push((block.number, value)),
            }
        }
        self.numbers.insert(block.hash, block.number);
        self.blocks.push(Header {
            hash: block.hash,
            parent_hash: block.parent_hash,
            header: block.header.into_boxed_slice(),
            extrinsics: block.extrinsics.into_boxed_slice(),
        });
        Ok(())
    }

    /// Adds a runtime. Its code is in the state of block `from` and of the blocks after it.
    pub fn add_runtime(&mut self, from: u32, runtime: RuntimeData) {
        self.runtimes.insert(from, runtime);
    }

    /// Leaves out the blocks between genesis and block `number`, which is pushed next.
    ///
    /// # Errors
    /// When the history holds other blocks than genesis.
    pub fn skip_to(&mut self, number: u32) -> Result<(), NotNext> {
        if self.blocks.len() != 1 || number == 0 {
            return Err(NotNext { number, expected: self.blocks.next() });
        }
        self.blocks.begin_after_gap(number);
        Ok(())
    }

    /// Drops the blocks before this one, except genesis, and their states. A node that is no archive does the
    /// same.
    pub fn forget_before(&mut self, number: u32) {
        for block in self.blocks.forget_before(number) {
            self.numbers.remove(&block.hash);
        }
        let first = self.blocks.first();
        let keys = &mut self.keys;
        self.storage.retain(|key, versions| {
            let known = versions.partition_point(|(at, _)| *at <= first);
            versions.drain(..known.saturating_sub(1));
            let there = versions.iter().any(|(_, value)| value.is_some());
            if !there {
                keys.remove(key);
            }
            there
        });
    }

    /// The number of blocks, genesis included.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.blocks.len()
    }

    /// Whether there is no block at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The height of the last block.
    #[must_use]
    pub fn last(&self) -> u32 {
        self.blocks.next().saturating_sub(1)
    }

    /// The height of the first block that has its state: 0, or the first block after those that were left out
    /// or dropped. Genesis then only tells which chain it is.
    #[must_use]
    pub const fn first(&self) -> u32 {
        self.blocks.first()
    }

    /// The hash of a block.
    #[must_use]
    pub fn hash(&self, number: u32) -> Option<[u8; 32]> {
        self.blocks.get(number).map(|block| block.hash)
    }

    /// The parent's hash of a block.
    #[must_use]
    pub fn parent_hash(&self, number: u32) -> Option<[u8; 32]> {
        self.blocks.get(number).map(|block| block.parent_hash)
    }

    /// The SCALE-encoded header of a block.
    #[must_use]
    pub fn header(&self, number: u32) -> Option<&[u8]> {
        self.blocks.get(number).map(|block| &*block.header)
    }

    /// The extrinsics of a block.
    #[must_use]
    pub fn extrinsics(&self, number: u32) -> &[Vec<u8>] {
        self.blocks.get(number).map_or(&[], |block| &block.extrinsics)
    }

    /// The height of the block with this hash.
    #[must_use]
    pub fn number_of(&self, hash: &[u8; 32]) -> Option<u32> {
        self.numbers.get(hash).copied()
    }

    /// The value of a key in the state of block `at`.
    #[must_use]
    pub fn storage(&self, key: &[u8], at: u32) -> Option<&[u8]> {
        value_at(self.storage.get(key)?, at)
    }

    /// The keys after `start` that begin with `prefix` and have a value in the state of block `at`: in order,
    /// at most `count`.
    #[must_use]
    pub fn keys(&self, prefix: &[u8], start: Option<&[u8]>, count: usize, at: u32) -> Vec<&[u8]> {
        let from: Arc<[u8]> = start.unwrap_or(prefix).into();
        self.keys
            .range(from..)
            .map(|key| &**key)
            .skip_while(|key| start == Some(*key))
            .take_while(|key| key.starts_with(prefix))
            .filter(|key| self.storage(key, at).is_some())
            .take(count)
            .collect()
    }

    /// The runtime whose code is in the state of block `at`.
    #[must_use]
    pub fn runtime(&self, at: u32) -> Option<&RuntimeData> {
        self.runtimes.range(..=at).next_back().map(|(_, runtime)| runtime)
    }
}

fn value_at(versions: &Versions, at: u32) -> Option<&[u8]> {
    let after = versions.partition_point(|(number, _)| *number <= at);
    versions[..after].last().and_then(|(_, value)| value.as_deref())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A block whose hash is its number, for tests that do not check hashes.
    pub(crate) fn block(number: u8, changes: &[(&str, Option<&str>)]) -> BlockData {
        let bytes = |text: &str| text.as_bytes().to_vec();
        BlockData {
            number: u32::from(number),
            hash: [number; 32],
            parent_hash: [number.wrapping_sub(1); 32],
            header: Vec::new(),
            extrinsics: Vec::new(),
            changes: changes.iter().map(|(k, v)| (bytes(k), v.map(bytes))).collect(),
        }
    }

    #[test]
    fn every_state_stays_readable() {
        let mut history = History::default();
        history.push(block(0, &[("aa", Some("1")), ("ab", Some("2"))])).unwrap();
        history.push(block(1, &[("aa", None)])).unwrap();
        history.push(block(2, &[("aa", Some("3")), ("b", Some("4"))])).unwrap();
        let at =
            |key: &str, n| history.storage(key.as_bytes(), n).map(|v| String::from_utf8(v.to_vec()).unwrap());
        assert_eq!(
            [at("aa", 0), at("aa", 1), at("aa", 2), at("b", 1)],
            [Some("1".into()), None, Some("3".into()), None]
        );
        assert_eq!(history.keys(b"a", None, 9, 1), [b"ab"]);
        assert_eq!(history.keys(b"a", Some(b"aa"), 9, 2), [b"ab"]);
    }

    #[test]
    fn what_lies_after_genesis_may_be_left_out() {
        let mut history = History::default();
        assert!(history.skip_to(7).is_err());
        history.push(block(0, &[])).unwrap();
        history.skip_to(7).unwrap();
        assert!(history.push(block(6, &[])).is_err());
        history.push(block(7, &[("a", Some("1"))])).unwrap();
        assert!(history.push(BlockData { parent_hash: [9; 32], ..block(8, &[]) }).is_err());
        history.push(block(8, &[("a", Some("2"))])).unwrap();
        assert!(history.skip_to(20).is_err());
        assert_eq!((history.first(), history.last()), (7, 8));
        assert_eq!(
            [0, 1, 6, 7, 8, 9].map(|n| history.hash(n)),
            [Some([0; 32]), None, None, Some([7; 32]), Some([8; 32]), None]
        );
        assert_eq!([7, 8].map(|n| history.storage(b"a", n)), [Some(&b"1"[..]), Some(&b"2"[..])]);
    }

    #[test]
    fn states_from_a_block_on_stay_readable_when_earlier_ones_are_forgotten() {
        let mut history = History::default();
        history.push(block(0, &[("a", Some("1")), ("b", Some("1")), ("c", Some("1"))])).unwrap();
        history.push(block(1, &[("a", Some("2")), ("c", None)])).unwrap();
        history.push(block(2, &[])).unwrap();
        history.push(block(3, &[("a", Some("3"))])).unwrap();
        history.forget_before(2);
        assert_eq!(
            (history.first(), history.last(), history.number_of(&[1; 32]), history.number_of(&[0; 32])),
            (2, 3, None, Some(0))
        );
        let at =
            |key: &str, n| history.storage(key.as_bytes(), n).map(|v| String::from_utf8(v.to_vec()).unwrap());
        assert_eq!(
            [at("a", 2), at("a", 3), at("b", 2), at("c", 2)],
            [Some("2".into()), Some("3".into()), Some("1".into()), None]
        );
        assert_eq!(history.keys(b"", None, 9, 3), [b"a", b"b"]);
        history.push(block(4, &[("c", Some("4"))])).unwrap();
        assert_eq!(history.keys(b"", None, 9, 4), [b"a", b"b", b"c"]);
    }

    #[test]
    fn a_block_that_does_not_follow_is_refused() {
        let mut history = History::default();
        history.push(block(0, &[])).unwrap();
        assert!(history.push(block(2, &[])).is_err());
        assert!(history.push(BlockData { parent_hash: [9; 32], ..block(1, &[]) }).is_err());
    }
}
