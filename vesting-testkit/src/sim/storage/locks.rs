//! Locks and collateral as storage.

use codec::Encode;

use super::change::{Change, pallet};
use crate::history::storage_key::{blake2_concat, identity};
use crate::sim::chain::state::SimChain;
use crate::sim::runtime::stored_types::LockState;

pub(super) fn locks(chain: &SimChain, changes: &mut Vec<Change>) {
    for (coldkey, netuid, hotkey) in
        chain.dirty.locks.iter().filter(|(_, netuid, _)| !chain.is_dissolving(*netuid))
    {
        let locked = chain
            .subnets
            .get(netuid)
            .and_then(|subnet| subnet.locks.get(coldkey))
            .filter(|(on, _)| on == hotkey);
        let key = pallet("Lock", &[blake2_concat(&coldkey.0), identity(netuid.0), blake2_concat(&hotkey.0)]);
        changes.push((
            key,
            locked.map(|(_, locked)| {
                LockState { locked_mass: *locked, conviction: 0, last_update: 0 }.encode()
            }),
        ));
    }
    for (netuid, hotkey, coldkey) in
        chain.dirty.collateral.iter().filter(|(netuid, ..)| !chain.is_dissolving(*netuid))
    {
        let row = chain.subnets.get(netuid).and_then(|subnet| subnet.collateral.get(&(*hotkey, *coldkey)));
        let key = pallet(
            "MinerCollateral",
            &[identity(netuid.0), blake2_concat(&hotkey.0), blake2_concat(&coldkey.0)],
        );
        // The drain ratio is a tenth, as a `U64F64`.
        changes.push((
            key,
            row.map(|row| (row.locked, (1u128 << 64) / 10, row.min_locked, row.earned).encode()),
        ));
        let sum = Some(chain.collateral_of(*netuid, *coldkey)).filter(|sum| *sum > 0);
        changes.push((
            pallet("ColdkeyMinerCollateral", &[identity(netuid.0), blake2_concat(&coldkey.0)]),
            sum.map(|sum| sum.encode()),
        ));
    }
}
