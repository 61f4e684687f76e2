//! Storage keys, as the runtimes of Subtensor hash them.

use blake2::Blake2b;
use blake2::digest::{Digest, consts::U16};

/// The key of a storage item of a pallet, with these map keys hashed already.
#[must_use]
pub fn storage_key(pallet: &str, item: &str, keys: &[Vec<u8>]) -> Vec<u8> {
    let mut key = twox_128(pallet.as_bytes()).to_vec();
    key.extend(twox_128(item.as_bytes()));
    key.extend(keys.iter().flatten());
    key
}

/// Two 64-bit xxHashes with seeds 0 and 1.
fn twox_128(bytes: &[u8]) -> [u8; 16] {
    let mut out = [0; 16];
    for (seed, part) in (0u64..).zip(out.chunks_mut(8)) {
        part.copy_from_slice(&twox_hash::XxHash64::oneshot(seed, bytes).to_le_bytes());
    }
    out
}

/// The hasher `Blake2_128Concat`.
#[must_use]
pub fn blake2_concat(bytes: &[u8]) -> Vec<u8> {
    let mut out = Blake2b::<U16>::digest(bytes).to_vec();
    out.extend(bytes);
    out
}

/// The hasher `Twox64Concat`.
#[must_use]
pub fn twox_concat(bytes: &[u8]) -> Vec<u8> {
    let mut out = twox_hash::XxHash64::oneshot(0, bytes).to_le_bytes().to_vec();
    out.extend(bytes);
    out
}

/// The hasher `Identity` of a 16-bit number.
#[must_use]
pub fn identity(number: u16) -> Vec<u8> {
    number.to_le_bytes().to_vec()
}
