//! The keys of every storage item whose keys are made of accounts, netuids and uids, whatever the item's
//! name: what a new runtime may keep of a subnet.

use std::collections::BTreeSet;

use subxt::Metadata;
use subxt::ext::scale_decode::DecodeAsType;

use crate::recording::subjects::Subjects;
use crate::runtimes::capabilities::SUBTENSOR;
use crate::runtimes::item::Item;
use crate::runtimes::item::KeyPart::{self, Account, Number};
use crate::runtimes::items::Items;

/// The pallets whose items are captured. Of those after the first, only plain values and items that are read.
const PALLETS: [&str; 4] = [SUBTENSOR, "System", "Timestamp", "Proxy"];
/// How many mechanisms of a subnet are captured, and how far apart their storage indices are
/// (docs/chain.md#announced-incentive).
const MECHANISMS: u16 = 8;
const MECHANISM_STRIDE: u16 = 4_096;

/// Storage keys.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    /// Keys of the items that a record is made from, and of plain values.
    pub(crate) read: BTreeSet<Vec<u8>>,
    /// Keys of all other items.
    pub(crate) other: BTreeSet<Vec<u8>>,
}

/// What a key's type is: an account, a number, or neither. A sample is decoded to find out, so wrappers do
/// not matter.
fn part(metadata: &Metadata, ty: u32) -> Option<KeyPart> {
    let (mut account, mut number) = (&[1u8; 32][..], &[1u8; 2][..]);
    if <[u8; 32]>::decode_as_type(&mut account, ty, metadata.types()).is_ok() && account.is_empty() {
        return Some(Account);
    }
    if u16::decode_as_type(&mut number, ty, metadata.types()).is_ok() && number.is_empty() {
        return Some(Number);
    }
    None
}

/// Adds every key of these subjects in a runtime with this metadata.
pub(crate) fn keys(metadata: &Metadata, subjects: &Subjects, into: &mut Keys) {
    for pallet in PALLETS {
        let Some(storage) = metadata.pallet_by_name(pallet).and_then(|pallet| pallet.storage()) else {
            continue;
        };
        for entry in storage.entries() {
            let parts: Option<Vec<KeyPart>> = entry.keys().map(|key| part(metadata, key.key_id)).collect();
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

fn of_item(item: &Item, parts: &[KeyPart], subjects: &Subjects) -> Vec<Vec<u8>> {
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
        [Account, Account] => subjects.both_orders().for_each(|(a, b)| add(&[a, b])),
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
            subjects.both_orders().for_each(|(a, b)| netuids.iter().for_each(|netuid| add(&[a, b, netuid])))
        }
        [Account, Number, Account] => {
            subjects.both_orders().for_each(|(a, b)| netuids.iter().for_each(|netuid| add(&[a, netuid, b])))
        }
        [Number, Account, Account] => {
            subjects.both_orders().for_each(|(a, b)| netuids.iter().for_each(|netuid| add(&[netuid, a, b])))
        }
        // Such items are not kept by subnet or account.
        _ => {}
    }
    keys
}
