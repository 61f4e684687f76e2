//! The simulated chain as storage, for a node to serve.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use blake2::Blake2b;
use blake2::digest::{Digest, consts::U32};
use codec::{Compact, Encode};
use vesting_core::{BlockHash, Coldkey, NetUid, PositionKey};

use super::account::Account;
use super::chain::{Sealed, SimChain};
use super::generation::Generation;
use super::metadata::{self, LockState};
use super::pool::Row;
use crate::history::{BlockData, History, RuntimeData};
use crate::stake_api::{blake2_concat, identity, storage_key, twox_concat};

/// The name of every generation's runtime.
pub(crate) const SPEC_NAME: &str = "vesting-simulated-subtensor";

/// The simulated runtime of a generation, as a node serves it.
#[must_use]
pub fn runtime(generation: Generation) -> RuntimeData {
    let spec_version = generation.spec_version();
    let version_json = serde_json::json!({
        "specName": SPEC_NAME, "implName": "vesting-testkit", "authoringVersion": 1, "specVersion": spec_version,
        "implVersion": 1, "apis": [], "transactionVersion": 1, "stateVersion": 1, "systemVersion": 1,
    });
    let apis: Vec<([u8; 8], u32)> = Vec::new();
    let version_scale = (SPEC_NAME, "vesting-testkit", 1u32, spec_version, 1u32, apis, 1u32, 1u8).encode();
    RuntimeData {
        spec_version,
        version_json,
        version_scale,
        metadata: [(15, metadata::v15(generation))].into(),
    }
}

/// A SCALE header; the seed stands in for the state's root, so that chains of different seeds differ.
pub(crate) fn header(seed: u64, number: u64, parent: BlockHash) -> Vec<u8> {
    let mut root = [0u8; 32];
    root[..8].copy_from_slice(&seed.to_le_bytes());
    let digest: Vec<u8> = Vec::new();
    (parent.0, Compact(number), root, [0u8; 32], digest).encode()
}

pub(crate) fn hash(header: &[u8]) -> BlockHash {
    BlockHash(Blake2b::<U32>::digest(header).into())
}

type Change = (Vec<u8>, Option<Vec<u8>>);

/// What changed in a block and is no part of the state any more.
pub(crate) struct Changed {
    /// Positions whose shares may be others.
    pub(crate) touched: BTreeSet<(NetUid, PositionKey)>,
    /// Coldkeys whose account or delegates may be others, with both.
    pub(crate) accounts: Vec<(Coldkey, Option<Account>, BTreeSet<Coldkey>)>,
}

/// After so many blocks a runtime has no share rows left that it does not list.
pub(crate) const CONVERSION: u64 = 2;

/// Writes blocks into a history.
pub(crate) struct Encoder {
    pub(crate) history: Arc<RwLock<History>>,
    /// The code in the last state.
    code: Generation,
    events: Vec<u8>,
    number: Vec<u8>,
    parent: Vec<u8>,
    now: Vec<u8>,
}

fn pallet(item: &str, keys: &[Vec<u8>]) -> Vec<u8> {
    storage_key("SubtensorModule", item, keys)
}

impl Encoder {
    pub(crate) fn new(history: Arc<RwLock<History>>, code: Generation) -> Self {
        history.write().unwrap_or_else(PoisonError::into_inner).add_runtime(0, runtime(code));
        Self {
            history,
            code,
            events: storage_key("System", "Events", &[]),
            number: storage_key("System", "Number", &[]),
            parent: storage_key("System", "ParentHash", &[]),
            now: storage_key("Timestamp", "Now", &[]),
        }
    }

    pub(crate) fn write(
        &mut self,
        chain: &SimChain,
        number: u64,
        sealed: &Sealed,
        header: Vec<u8>,
        changed: &Changed,
    ) {
        let short = u32::try_from(number).unwrap_or(u32::MAX);
        let mut changes: Vec<Change> = vec![
            (self.events.clone(), Some(sealed.generation.encode(&sealed.events))),
            (self.number.clone(), Some(short.encode())),
            (self.parent.clone(), Some(sealed.parent_hash.0.to_vec())),
        ];
        if number == 0 || chain.dirty.migrated.is_some() {
            let marker = (Compact(sealed.generation.spec_version()), SPEC_NAME).encode();
            changes.push((storage_key("System", "LastRuntimeUpgrade", &[]), Some(marker)));
        }
        if number > 0 {
            changes.push((self.now.clone(), Some(sealed.time.0.encode())));
        }
        if self.code != chain.code {
            // The code is in the state of this block already, though an older one made it
            // (docs/chain.md#the-runtime-that-made-a-block).
            self.code = chain.code;
            self.history
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .add_runtime(short, runtime(chain.code));
        }
        if let Some(before) = chain.dirty.migrated {
            rename(chain, before, &mut changes);
        }
        for (netuid, counters) in &sealed.counters {
            changes.push((
                pallet("BlocksSinceLastStep", &[identity(netuid.0)]),
                Some(counters.blocks_since_last_step.encode()),
            ));
        }
        for (netuid, count) in sealed
            .registrations
            .iter()
            .flatten()
            .filter(|(netuid, _)| chain.dirty.schedules.contains(*netuid))
        {
            changes.push((pallet("RegisteredSubnetCounter", &[identity(netuid.0)]), Some(count.encode())));
        }
        schedules(chain, &mut changes);
        neurons(chain, &mut changes);
        locks(chain, &mut changes);
        stakes(chain, number, &changed.touched, &mut changes);
        accounts(&changed.accounts, &mut changes);
        if chain.converting_since.is_some_and(|since| number == since + CONVERSION) {
            changes.push((
                pallet("HasMigrationRun", &["migrate_alpha_v2_and_unstake_dust_v1".encode()]),
                Some(vec![1]),
            ));
        }
        let block = BlockData {
            number: short,
            hash: sealed.hash.0,
            parent_hash: sealed.parent_hash.0,
            header,
            extrinsics: Vec::new(),
            changes,
        };
        self.push(block);
    }
}

/// What a subnet has while it exists.
const SCHEDULE: [&str; 9] = [
    "NetworksAdded",
    "NetworkRegisteredAt",
    "Tempo",
    "BlocksSinceLastStep",
    "LastMechansimStepBlock",
    "LastEpochBlock",
    "SubnetEpochIndex",
    "SubnetOwner",
    "SubnetOwnerHotkey",
];

fn schedules(chain: &SimChain, changes: &mut Vec<Change>) {
    for netuid in &chain.dirty.schedules {
        let of = |item: &'static str| pallet(chain.generation.item(item), &[identity(netuid.0)]);
        let Some(subnet) = chain.subnets.get(netuid) else {
            if chain.is_dissolving(*netuid) {
                changes.push((of("NetworksAdded"), None));
                continue;
            }
            changes.extend(SCHEDULE.into_iter().map(|item| (of(item), None)));
            continue;
        };
        let counters = &subnet.counters;
        changes.push((of("NetworksAdded"), Some(true.encode())));
        changes.push((of("NetworkRegisteredAt"), Some(counters.registered_at.0.encode())));
        changes.push((of("Tempo"), Some(counters.tempo.encode())));
        changes.push((of("LastMechansimStepBlock"), Some(counters.last_step_block.0.encode())));
        if chain.generation.counts_epochs() {
            changes.push((of("LastEpochBlock"), Some(subnet.last_epoch.encode())));
            changes.push((of("SubnetEpochIndex"), Some(counters.epoch_index.unwrap_or(0).encode())));
        }
        changes.push((of("SubnetOwner"), Some(subnet.owner.0.0.to_vec())));
        changes.push((of("SubnetOwnerHotkey"), Some(subnet.owner.1.0.to_vec())));
    }
    for (coldkey, netuid) in &chain.dirty.auto_stake {
        let destination = chain.subnets.get(netuid).and_then(|s| s.auto_stake.get(coldkey));
        let key = pallet("AutoStakeDestination", &[blake2_concat(&coldkey.0), identity(netuid.0)]);
        changes.push((key, destination.map(|hotkey| hotkey.0.to_vec())));
    }
}

fn locks(chain: &SimChain, changes: &mut Vec<Change>) {
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
        // The drain is a tenth, as a `U64F64`.
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

/// A migration: what is called otherwise from here on.
fn rename(chain: &SimChain, before: Generation, changes: &mut Vec<Change>) {
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

fn neurons(chain: &SimChain, changes: &mut Vec<Change>) {
    for (netuid, hotkey) in &chain.dirty.unregistered {
        changes.push((pallet("Uids", &[identity(netuid.0), blake2_concat(&hotkey.0)]), None));
    }
    for netuid in chain.dirty.neurons.iter().filter(|netuid| !chain.is_dissolving(**netuid)) {
        let subnet = chain.subnets.get(netuid);
        let count = subnet.map(|subnet| u16::try_from(subnet.neurons.len()).unwrap_or(u16::MAX));
        changes.push((pallet("SubnetworkN", &[identity(netuid.0)]), count.map(|count| count.encode())));
        for uid in 0..chain.dirty.vacated.get(netuid).copied().unwrap_or(0) {
            changes.push((
                pallet("Keys", &[identity(netuid.0), identity(u16::try_from(uid).unwrap_or(u16::MAX))]),
                None,
            ));
        }
        for (uid, hotkey) in (0u16..).zip(subnet.into_iter().flat_map(|subnet| &subnet.neurons)) {
            changes.push((pallet("Keys", &[identity(netuid.0), identity(uid)]), Some(hotkey.0.to_vec())));
            changes
                .push((pallet("Uids", &[identity(netuid.0), blake2_concat(&hotkey.0)]), Some(uid.encode())));
        }
        for hotkey in &chain.dirty.disowned {
            changes.push((pallet("Owner", &[blake2_concat(&hotkey.0)]), None));
        }
        for (hotkey, coldkey) in &chain.owners {
            changes.push((pallet("Owner", &[blake2_concat(&hotkey.0)]), Some(coldkey.0.to_vec())));
        }
    }
}

fn stakes(
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
    // What is dissolved stays readable until it is cleared away.
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

fn accounts(changed: &[(Coldkey, Option<Account>, BTreeSet<Coldkey>)], changes: &mut Vec<Change>) {
    for (coldkey, account, delegates) in changed {
        // Nonce, references of three kinds, then free, reserved and frozen TAO, and flags.
        let info = account.map(|account| {
            (account.nonce, 0u32, 1u32, 0u32, account.free, 0u64, 0u64, 1u128 << 127).encode()
        });
        changes.push((storage_key("System", "Account", &[blake2_concat(&coldkey.0)]), info));
        // Each with the type of any call and no delay, and a deposit for all.
        let proxies: Vec<([u8; 32], u8, u32)> = delegates.iter().map(|delegate| (delegate.0, 0, 0)).collect();
        let proxies = (!proxies.is_empty()).then(|| (proxies, 60_000_000u64).encode());
        changes.push((storage_key("Proxy", "Proxies", &[twox_concat(&coldkey.0)]), proxies));
    }
}
