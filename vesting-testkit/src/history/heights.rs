//! Blocks by height. The oldest ones may be missing.

/// Genesis, and every block from some height on.
#[derive(Debug, Clone)]
pub(crate) struct Blocks<T> {
    /// Genesis first.
    kept: Vec<T>,
    /// How many blocks after genesis are missing.
    gap: u32,
}

impl<T> Default for Blocks<T> {
    fn default() -> Self {
        Self { kept: Vec::new(), gap: 0 }
    }
}

impl<T> Blocks<T> {
    /// The number of blocks that are kept, genesis included.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.kept.len()).unwrap_or(u32::MAX)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Whether the next block comes after the gap, so that its parent is missing.
    pub(crate) fn follows_a_gap(&self) -> bool {
        self.gap > 0 && self.len() == 1
    }

    /// The height of the block that would come next.
    pub(crate) fn next(&self) -> u32 {
        self.len().saturating_add(self.gap)
    }

    /// The height of the first block that is kept after genesis; 0 where none is missing.
    pub(crate) const fn first(&self) -> u32 {
        if self.gap > 0 { self.gap + 1 } else { 0 }
    }

    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        let place = if number == 0 { 0 } else { number.checked_sub(self.gap).filter(|place| *place > 0)? };
        self.kept.get(usize::try_from(place).ok()?)
    }

    pub(crate) fn newest(&self) -> Option<&T> {
        self.kept.last()
    }

    pub(crate) fn push(&mut self, block: T) {
        self.kept.push(block);
    }

    /// Leaves a gap between genesis and block `next`.
    pub(crate) const fn begin_after_gap(&mut self, next: u32) {
        self.gap = next.saturating_sub(1);
    }

    /// Removes and returns the blocks before this one. Genesis and the newest block stay.
    pub(crate) fn forget_before(&mut self, number: u32) -> impl Iterator<Item = T> {
        let gone = number.saturating_sub(self.gap).saturating_sub(1).min(self.len().saturating_sub(2));
        self.gap = self.gap.saturating_add(gone);
        let end = usize::try_from(gone).map_or(self.kept.len(), |gone| gone + 1).min(self.kept.len());
        self.kept.drain(end.min(1)..end)
    }
}

#[cfg(test)]
mod tests {
    use super::Blocks;

    fn blocks(heights: std::ops::Range<u32>) -> Blocks<u32> {
        let mut blocks = Blocks::default();
        heights.for_each(|height| blocks.push(height));
        blocks
    }

    #[test]
    fn blocks_keep_their_heights_when_earlier_ones_are_forgotten() {
        let mut blocks = blocks(0..10);
        assert_eq!(blocks.forget_before(4).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!((blocks.first(), blocks.next(), blocks.len()), (4, 10, 7));
        assert_eq!(
            [0, 1, 3, 4, 9, 10].map(|number| blocks.get(number).copied()),
            [Some(0), None, None, Some(4), Some(9), None]
        );
        blocks.push(10);
        assert_eq!(blocks.forget_before(4).count(), 0);
        assert_eq!(blocks.forget_before(6).collect::<Vec<_>>(), [4, 5]);
        assert_eq!([6, 10].map(|number| blocks.get(number).copied()), [Some(6), Some(10)]);
        assert_eq!((blocks.forget_before(99).count(), blocks.newest()), (4, Some(&10)));
    }

    #[test]
    fn genesis_stays() {
        let mut none = blocks(0..0);
        assert_eq!((none.forget_before(7).count(), none.next()), (0, 0));
        let mut genesis = blocks(0..1);
        assert_eq!((genesis.forget_before(7).count(), genesis.next()), (0, 1));
    }
}
