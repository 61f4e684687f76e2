//! Stakes, share pools and lists of hotkeys as storage.

use std::collections::BTreeSet;

use codec::Encode;
use vesting_core::{NetUid, PositionKey};

use super::change::{Change, pallet};
use crate::history::storage_key::{blake2_concat, identity, twox_concat};
use crate::sim::chain::state::SimChain;

pub(super) fn stakes(
    chain: &SimChain,
    number: u64,
    touched: &BTreeSet<(NetUid, PositionKey)>,
    changes: &mut Vec<Change>,
) {
    for coldkey in &chain.dirty.staking {
        let hotkeys: Option<Vec<[u8; 32]>> =
            chain.staking.get(coldkey).map(|list| list.iter().map(|h| h.0).collect());
        changes.push((
            pallet("StakingHotkeys", &[blake2_concat(&coldkey.0)]),
            hotkeys.map(|list| list.encode()),
        ));
        let owned: Vec<[u8; 32]> =
            chain.owners.iter().filter(|(_, owner)| *owner == coldkey).map(|(h, _)| h.0).collect();
        changes.push((pallet("OwnedHotkeys", &[blake2_concat(&coldkey.0)]), Some(owned.encode())));
    }
    for (coldkey, hotkey) in &chain.dirty.pointers {
        let key = pallet("LastColdkeyHotkeyStakeBlock", &[twox_concat(&coldkey.0), twox_concat(&hotkey.0)]);
        changes.push((key, Some(number.encode())));
    }
    let epochs = chain.generation.stores("AlphaShareEpoch");
    let pool_of = |netuid: &NetUid, hotkey| chain.subnets.get(netuid).and_then(|s| s.pools.get(hotkey));
    for (netuid, hotkey, coldkeys) in &chain.dirty.cleared {
        let pool = [blake2_concat(&hotkey.0), identity(netuid.0)];
        for coldkey in coldkeys {
            let keys = [blake2_concat(&hotkey.0), blake2_concat(&coldkey.0), identity(netuid.0)];
            changes.extend(
                ["AlphaV2", "AlphaShareEpoch"].map(|item| (pallet(chain.generation.item(item), &keys), None)),
            );
        }
        let items = ["TotalHotkeyAlpha", "TotalHotkeySharesV2", "AlphaSharePoolEpoch"];
        changes.extend(items.map(|item| (pallet(chain.generation.item(item), &pool), None)));
    }
    // A dissolved subnet can be read until it is cleared away.
    for (netuid, key) in touched.iter().filter(|(netuid, _)| !chain.is_dissolving(*netuid)) {
        let row = pool_of(netuid, &key.hotkey).and_then(|pool| pool.rows.get(&key.coldkey));
        let keys = [blake2_concat(&key.hotkey.0), blake2_concat(&key.coldkey.0), identity(netuid.0)];
        let shares = row.map(|row| (row.shares.mantissa, row.shares.exponent).encode());
        changes.push((pallet(chain.generation.item("AlphaV2"), &keys), shares));
        if epochs {
            let epoch = row.map(|row| row.epoch).filter(|epoch| *epoch > 0);
            changes.push((pallet("AlphaShareEpoch", &keys), epoch.map(|epoch| epoch.encode())));
        }
    }
    for (netuid, hotkey) in chain.dirty.pools.iter().filter(|(netuid, _)| !chain.is_dissolving(*netuid)) {
        let pool = pool_of(netuid, hotkey);
        let keys = [blake2_concat(&hotkey.0), identity(netuid.0)];
        changes.push((pallet("TotalHotkeyAlpha", &keys), pool.map(|pool| pool.total.encode())));
        let shares = pool.map(|pool| (pool.total_shares.mantissa, pool.total_shares.exponent).encode());
        changes.push((pallet(chain.generation.item("TotalHotkeySharesV2"), &keys), shares));
        if epochs {
            let epoch = pool.map(|pool| pool.epoch).filter(|epoch| *epoch > 0);
            changes.push((pallet("AlphaSharePoolEpoch", &keys), epoch.map(|epoch| epoch.encode())));
        }
    }
}
