//! Which runtime made which blocks, as far as blocks were read.

use std::collections::BTreeMap;

use vesting_core::BlockNumber;

/// The first and the last block known of each version. Versions only grow, so all blocks between two blocks
/// of one version have that version too.
#[derive(Debug, Default)]
pub(crate) struct Eras(BTreeMap<u32, (BlockNumber, BlockNumber)>);

impl Eras {
    /// Notes that the runtime of this version made `block`.
    pub(crate) fn note(&mut self, block: BlockNumber, spec_version: u32) {
        let era = self.0.entry(spec_version).or_insert((block, block));
        *era = (era.0.min(block), era.1.max(block));
    }

    /// Forgets all of it.
    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }

    /// The version that made `block`, if that is certain.
    pub(crate) fn certain(&self, block: BlockNumber) -> Option<u32> {
        self.0
            .iter()
            .find(|(_, (first, last))| (*first..=*last).contains(&block))
            .map(|(version, _)| *version)
    }

    /// The version that most likely made `block`: the version of the nearest known block.
    pub(crate) fn likely(&self, block: BlockNumber) -> Option<u32> {
        let distance = |(first, last): &(BlockNumber, BlockNumber)| {
            first.0.saturating_sub(block.0).max(block.0.saturating_sub(last.0))
        };
        self.0.iter().min_by_key(|(_, era)| distance(era)).map(|(version, _)| *version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_between_two_of_one_version_have_that_version() {
        let mut eras = Eras::default();
        assert_eq!(eras.likely(BlockNumber(5)), None);
        for (block, version) in [(10, 393), (90, 393), (200, 425)] {
            eras.note(BlockNumber(block), version);
        }
        assert_eq!(
            [9, 10, 50, 90, 91, 200, 201].map(|n| eras.certain(BlockNumber(n))),
            [None, Some(393), Some(393), Some(393), None, Some(425), None]
        );
        assert_eq!(
            [1, 100, 190, 900].map(|n| eras.likely(BlockNumber(n))),
            [Some(393), Some(393), Some(425), Some(425)]
        );
    }
}
