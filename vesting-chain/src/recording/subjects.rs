//! The subnets and accounts whose storage is captured.

use std::collections::BTreeSet;

/// A hotkey and a coldkey that may have stake on it.
pub(crate) type Pair = ([u8; 32], [u8; 32]);

/// The subnets and accounts whose storage is captured.
#[derive(Debug, Default)]
pub(crate) struct Subjects {
    pub(crate) netuids: BTreeSet<u16>,
    /// The largest number of uids of a subnet.
    pub(crate) uids: u16,
    pub(crate) accounts: BTreeSet<[u8; 32]>,
    pub(crate) pairs: BTreeSet<Pair>,
}

impl Subjects {
    /// The pairs in both orders, since the metadata does not say which account is the hotkey.
    pub(crate) fn both_orders(&self) -> impl Iterator<Item = (&[u8; 32], &[u8; 32])> {
        self.pairs.iter().flat_map(|(a, b)| [(a, b), (b, a)])
    }
}
