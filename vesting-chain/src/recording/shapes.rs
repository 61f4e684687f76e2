//! Every storage item of a runtime whose keys are made of accounts, netuids and uids, whatever its name: what
//! a runtime not seen before may keep of a subnet.

use std::collections::BTreeSet;

use subxt::Metadata;
use subxt::ext::scale_decode::DecodeAsType;

use crate::runtimes::items::Part::{self, Account, Number};
use crate::runtimes::items::{Item, Items};

/// The pallet that keeps the subnets.
const SUBTENSOR: &str = "SubtensorModule";
/// The pallets that are looked through: of the others than the first, what every block has once, and what is
/// read.
const PALLETS: [&str; 4] = [SUBTENSOR, "System", "Timestamp", "Proxy"];
/// Mechanisms of a subnet have storage indices of their own, so far apart
/// (docs/chain.md#announced-incentive); of so many, its own with them.
const MECHANISMS: u16 = 8;
const MECHANISM_STRIDE: u16 = 4_096;

/// A hotkey and a coldkey that may have stake on it.
pub(crate) type Pair = ([u8; 32], [u8; 32]);

/// Who and what storage is looked up for.
#[derive(Debug, Default)]
pub(crate) struct Subjects {
    pub(crate) netuids: BTreeSet<u16>,
    /// How many uids there are at most.
    pub(crate) uids: u16,
    pub(crate) accounts: BTreeSet<[u8; 32]>,
    pub(crate) pairs: BTreeSet<Pair>,
}

/// Storage keys.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    /// Of the items that a record is made from, and of what there is once a block.
    pub(crate) read: BTreeSet<Vec<u8>>,
    /// Of all others.
    pub(crate) other: BTreeSet<Vec<u8>>,
}

/// What a key's type is made of, if it is one of those: found by decoding a sample, which sees through what
/// only wraps it.
fn part(metadata: &Metadata, ty: u32) -> Option<Part> {
    let (mut account, mut number) = (&[1u8; 32][..], &[1u8; 2][..]);
    if <[u8; 32]>::decode_as_type(&mut account, ty, metadata.types()).is_ok() && account.is_empty() {
        return Some(Account);
    }
    if u16::decode_as_type(&mut number, ty, metadata.types()).is_ok() && number.is_empty() {
        return Some(Number);
    }
    None
}

/// Every key of these subjects in a runtime with this metadata.
pub(crate) fn keys(metadata: &Metadata, subjects: &Subjects, into: &mut Keys) {
    for pallet in PALLETS {
        let Some(storage) = metadata.pallet_by_name(pallet).and_then(|pallet| pallet.storage()) else {
            continue;
        };
        for entry in storage.entries() {
            let parts: Option<Vec<Part>> = entry.keys().map(|key| part(metadata, key.key_id)).collect();
            let Some(parts) = parts
                .filter(|parts| parts.is_empty() || pallet == SUBTENSOR || Items::are_read(entry.name()))
            else {
                continue;
            };
            let keys = of_item(&Item::new(pallet, entry), &parts, subjects);
            if parts.is_empty() || Items::are_read(entry.name()) {
                into.read.extend(keys)
            } else {
                into.other.extend(keys)
            }
        }
    }
    let items = Items::new(SUBTENSOR, metadata);
    for (item, parts) in items.unlisted() {
        into.read.extend(of_item(item, parts, subjects));
    }
    into.read.extend(items.conversion());
}

fn of_item(item: &Item, parts: &[Part], subjects: &Subjects) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    let mut add = |parts: &[&[u8]]| keys.extend(item.key(parts));
    let netuids: Vec<[u8; 2]> = subjects.netuids.iter().map(|netuid| netuid.to_le_bytes()).collect();
    match parts {
        [] => add(&[]),
        [Number] => {
            let mechanisms = |netuid: u16| {
                (0..MECHANISMS).map(move |mechanism| netuid.saturating_add(mechanism * MECHANISM_STRIDE))
            };
            subjects
                .netuids
                .iter()
                .copied()
                .flat_map(mechanisms)
                .for_each(|index| add(&[&index.to_le_bytes()]));
        }
        [Number, Number] => {
            for netuid in &netuids {
                (0..subjects.uids).for_each(|uid| add(&[netuid, &uid.to_le_bytes()]));
            }
        }
        [Account] => subjects.accounts.iter().for_each(|account| add(&[account])),
        [Account, Account] => both(subjects).for_each(|(a, b)| add(&[a, b])),
        [Account, Number] => {
            subjects
                .accounts
                .iter()
                .for_each(|account| netuids.iter().for_each(|netuid| add(&[account, netuid])));
        }
        [Number, Account] => {
            subjects
                .accounts
                .iter()
                .for_each(|account| netuids.iter().for_each(|netuid| add(&[netuid, account])));
        }
        [Account, Account, Number] => {
            both(subjects).for_each(|(a, b)| netuids.iter().for_each(|netuid| add(&[a, b, netuid])))
        }
        [Account, Number, Account] => {
            both(subjects).for_each(|(a, b)| netuids.iter().for_each(|netuid| add(&[a, netuid, b])))
        }
        [Number, Account, Account] => {
            both(subjects).for_each(|(a, b)| netuids.iter().for_each(|netuid| add(&[netuid, a, b])))
        }
        // Of no subnet and nobody in particular.
        _ => {}
    }
    keys
}

/// The pairs in both orders: which is whose, only a name would tell.
fn both(subjects: &Subjects) -> impl Iterator<Item = (&[u8; 32], &[u8; 32])> {
    subjects.pairs.iter().flat_map(|(a, b)| [(a, b), (b, a)])
}
