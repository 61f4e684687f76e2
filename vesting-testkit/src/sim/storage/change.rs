//! A change of storage, and the keys of the pallet `SubtensorModule`.

use crate::history::storage_key::storage_key;

pub(super) type Change = (Vec<u8>, Option<Vec<u8>>);

pub(super) fn pallet(item: &str, keys: &[Vec<u8>]) -> Vec<u8> {
    storage_key("SubtensorModule", item, keys)
}
