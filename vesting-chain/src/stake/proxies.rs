//! The accounts of coldkeys and of their proxies. Whatever a coldkey does, or others do for it, changes one
//! of them.
//!
//! Every extrinsic raises the nonce of the account that signs it. `Proxy.Proxies` names the accounts that may
//! sign for a coldkey, and these may have proxies of their own. Anybody may send an announced call, but this
//! removes the announcement.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use blake2::Blake2b;
use blake2::digest::{Digest, consts::U16};
use subxt::ext::scale_decode::DecodeAsType;
use vesting_core::Coldkey;
use vesting_core::ports::{ChainError, Fingerprint};

use crate::runtimes::runtime::Runtime;
use crate::state::reader::Reader;

/// Proxies of proxies are followed so many levels deep.
const DEPTH: usize = 4;
/// The proxies of so many coldkeys are remembered.
const REMEMBERED: usize = 10_000;

/// A proxy. Only its account is decoded.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Definition {
    delegate: [u8; 32],
}

/// The proxies of coldkeys as they were last read, so that the next time their keys are read in one request.
#[derive(Default)]
pub(crate) struct Proxies(Mutex<BTreeMap<Coldkey, BTreeSet<[u8; 32]>>>);

impl Proxies {
    /// The keys of the accounts of `coldkeys`, as far as they are known before reading.
    pub(crate) fn expected_keys(
        &self,
        runtime: &Runtime,
        coldkeys: &BTreeSet<Coldkey>,
    ) -> Result<Vec<Vec<u8>>, ChainError> {
        let mut keys = Vec::new();
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for coldkey in coldkeys {
            keys.extend(self::keys(runtime, &coldkey.0, false)?.into_iter().map(|(_, key)| key));
            for delegate in known.get(coldkey).into_iter().flatten() {
                keys.extend(self::keys(runtime, delegate, true)?.into_iter().map(|(_, key)| key));
            }
        }
        Ok(keys)
    }

    /// A fingerprint for each coldkey that changes with everything that it does, or that a proxy does for it.
    pub(crate) async fn accounts(
        &self,
        reader: &mut Reader<'_>,
        coldkeys: &BTreeSet<Coldkey>,
    ) -> Result<BTreeMap<Coldkey, Fingerprint>, ChainError> {
        if !reader.runtime.capabilities().accounts {
            return Ok(BTreeMap::new());
        }
        // The accounts of each coldkey: its own, and level by level those of its proxies.
        let mut acting: BTreeMap<Coldkey, BTreeSet<[u8; 32]>> =
            coldkeys.iter().map(|key| (*key, BTreeSet::from([key.0]))).collect();
        let mut level: BTreeSet<[u8; 32]> = coldkeys.iter().map(|key| key.0).collect();
        let mut delegates: BTreeMap<[u8; 32], Vec<[u8; 32]>> = BTreeMap::new();
        for depth in 0..DEPTH {
            let mut keys = Vec::new();
            for account in &level {
                keys.extend(self::keys(&reader.runtime, account, depth > 0)?.into_iter().map(|(_, key)| key));
            }
            reader.ensure(keys).await?;
            let mut next = BTreeSet::new();
            for account in &level {
                let named = delegates_of(reader, account)?;
                next.extend(
                    named
                        .iter()
                        .filter(|delegate| !delegates.contains_key(*delegate) && !level.contains(*delegate)),
                );
                delegates.insert(*account, named);
            }
            for accounts in acting.values_mut() {
                let named: Vec<[u8; 32]> =
                    accounts.iter().filter_map(|account| delegates.get(account)).flatten().copied().collect();
                accounts.extend(named);
            }
            level = next;
            if level.is_empty() {
                break;
            }
        }
        let mut prints = BTreeMap::new();
        for (coldkey, accounts) in &acting {
            let mut hash = Blake2b::<U16>::new();
            for account in accounts {
                let is_proxy = *account != coldkey.0;
                for (_, key) in self::keys(&reader.runtime, account, is_proxy)? {
                    // Proxies below the last level were not read.
                    if let Some(value) = reader.known(&key) {
                        hash.update(key.len().to_le_bytes());
                        hash.update(&key);
                        hash.update(value.len().to_le_bytes());
                        hash.update(value);
                    }
                }
            }
            prints.insert(*coldkey, Fingerprint(hash.finalize().to_vec()));
        }
        self.remember(acting);
        Ok(prints)
    }

    /// The known proxies of `coldkeys`.
    pub(crate) fn known(&self, coldkeys: &BTreeSet<Coldkey>) -> BTreeSet<[u8; 32]> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        coldkeys.iter().filter_map(|coldkey| known.get(coldkey)).flatten().copied().collect()
    }

    fn remember(&self, acting: BTreeMap<Coldkey, BTreeSet<[u8; 32]>>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (coldkey, mut accounts) in acting {
            accounts.remove(&coldkey.0);
            if !accounts.is_empty() && (known.contains_key(&coldkey) || known.len() < REMEMBERED) {
                known.insert(coldkey, accounts);
            }
        }
    }
}

/// The keys that show what an account did. For a proxy its announcements are among them.
fn keys(
    runtime: &Runtime,
    account: &[u8; 32],
    is_proxy: bool,
) -> Result<Vec<(&'static str, Vec<u8>)>, ChainError> {
    let items = [("Account", true), ("Proxies", true), ("Announcements", is_proxy)];
    let wanted = items.into_iter().filter(|(item, wanted)| *wanted && runtime.stores(item));
    wanted.map(|(item, _)| Ok((item, runtime.key(item, &[account])?))).collect()
}

/// The proxies of an account whose keys were read.
fn delegates_of(reader: &Reader<'_>, account: &[u8; 32]) -> Result<Vec<[u8; 32]>, ChainError> {
    if !reader.runtime.stores("Proxies") {
        return Ok(Vec::new());
    }
    let Some(bytes) = reader.raw(&reader.runtime.key("Proxies", &[account])?) else { return Ok(Vec::new()) };
    let (definitions, _): (Vec<Definition>, u128) = reader.runtime.value_in("Proxy", "Proxies", bytes)?;
    Ok(definitions.into_iter().map(|definition| definition.delegate).collect())
}
