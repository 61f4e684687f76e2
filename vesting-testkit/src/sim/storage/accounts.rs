//! Accounts and proxies as storage.

use std::collections::BTreeSet;

use codec::Encode;
use vesting_core::Coldkey;

use super::change::Change;
use crate::history::storage_key::{blake2_concat, storage_key, twox_concat};
use crate::sim::chain::account::Account;

pub(super) fn accounts(changed: &[(Coldkey, Option<Account>, BTreeSet<Coldkey>)], changes: &mut Vec<Change>) {
    for (coldkey, account, delegates) in changed {
        // Nonce, three reference counts, then free, reserved and frozen TAO, and flags.
        let info = account.map(|account| {
            (account.nonce, 0u32, 1u32, 0u32, account.free, 0u64, 0u64, 1u128 << 127).encode()
        });
        changes.push((storage_key("System", "Account", &[blake2_concat(&coldkey.0)]), info));
        // Each delegate may make any call without delay. One deposit stands for all.
        let proxies: Vec<([u8; 32], u8, u32)> = delegates.iter().map(|delegate| (delegate.0, 0, 0)).collect();
        let proxies = (!proxies.is_empty()).then(|| (proxies, 60_000_000u64).encode());
        changes.push((storage_key("Proxy", "Proxies", &[twox_concat(&coldkey.0)]), proxies));
    }
}
