//! Values with the blocks that wrote them.

use std::collections::BTreeMap;

use vesting_core::BlockNumber;

/// The values of keys in the state of every block.
#[derive(Debug)]
pub(crate) struct Versions<K, V>(BTreeMap<K, Vec<(u64, V)>>);

impl<K, V> Default for Versions<K, V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord, V: PartialEq> Versions<K, V> {
    /// Writes a value in block `number`, the newest one.
    pub(crate) fn set(&mut self, key: K, number: u64, value: V) {
        let versions = self.0.entry(key).or_default();
        match versions.last_mut() {
            Some((_, last)) if *last == value => {}
            Some((at, last)) if *at == number => *last = value,
            _ => versions.push((number, value)),
        }
    }

    /// The value in the state of a block.
    pub(crate) fn at(&self, key: &K, block: BlockNumber) -> Option<&V> {
        let versions = self.0.get(key)?;
        let after = versions.partition_point(|(number, _)| *number <= block.0);
        versions[..after].last().map(|(_, value)| value)
    }

    /// Drops the values that were replaced before or in this block.
    pub(crate) fn forget_before(&mut self, block: BlockNumber) {
        for versions in self.0.values_mut() {
            let known = versions.partition_point(|(number, _)| *number <= block.0);
            versions.drain(..known.saturating_sub(1));
        }
    }

    /// Every key that was ever written.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &K> {
        self.0.keys()
    }
}
