//! Storage items that a migration renames.

use codec::Encode;

use super::change::{Change, pallet};
use crate::history::storage_key::{blake2_concat, identity};
use crate::sim::chain::pool::Row;
use crate::sim::chain::state::SimChain;
use crate::sim::runtime::generation::Generation;

/// Moves the items that have another name from this block on.
pub(super) fn rename(chain: &SimChain, before: Generation, changes: &mut Vec<Change>) {
    let mut move_item = |item: &'static str, keys: &[Vec<u8>], value: Option<Vec<u8>>| {
        let (old, new) = (before.item(item), chain.generation.item(item));
        if old != new {
            changes.push((pallet(old, keys), None));
            changes.push((pallet(new, keys), value));
        }
    };
    for (netuid, subnet) in &chain.subnets {
        move_item(
            "LastMechansimStepBlock",
            &[identity(netuid.0)],
            Some(subnet.counters.last_step_block.0.encode()),
        );
        for (hotkey, pool) in &subnet.pools {
            let total = (pool.total_shares.mantissa, pool.total_shares.exponent).encode();
            move_item("TotalHotkeySharesV2", &[blake2_concat(&hotkey.0), identity(netuid.0)], Some(total));
            for (coldkey, Row { shares, .. }) in &pool.rows {
                let keys = [blake2_concat(&hotkey.0), blake2_concat(&coldkey.0), identity(netuid.0)];
                move_item("AlphaV2", &keys, Some((shares.mantissa, shares.exponent).encode()));
            }
        }
    }
}
