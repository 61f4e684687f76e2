//! What coldkeys did, or had done: their accounts, and those of whoever may act for them.
//!
//! Every extrinsic raises the nonce of the account that signs it. Who signs for a coldkey by proxy is named
//! by `Proxy.Proxies`; that account may have proxies of its own, and an announced call may be sent by
//! anybody, which takes the announcement away.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use blake2::Blake2b;
use blake2::digest::{Digest, consts::U16};
use subxt::ext::scale_decode::DecodeAsType;
use vesting_core::Coldkey;
use vesting_core::ports::{ChainError, Fingerprint};

use crate::runtimes::runtime::Runtime;
use crate::state::reader::Reader;

/// Proxies of proxies are followed so far.
const DEPTH: usize = 4;
/// Coldkeys whose proxies are remembered.
const REMEMBERED: usize = 10_000;

/// Of a proxy only who it is is needed.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Definition {
    delegate: [u8; 32],
}

/// Who acts for whom, as far as it was seen: only to read it in one go the next time.
#[derive(Default)]
pub(crate) struct Proxies(Mutex<BTreeMap<Coldkey, BTreeSet<[u8; 32]>>>);

impl Proxies {
    /// Every key that the accounts of `coldkeys` need, as far as it is known beforehand.
    pub(crate) fn expected_keys(
        &self,
        runtime: &Runtime,
        coldkeys: &BTreeSet<Coldkey>,
    ) -> Result<Vec<Vec<u8>>, ChainError> {
        let mut keys = Vec::new();
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for coldkey in coldkeys {
            keys.extend(self::keys(runtime, &coldkey.0, false)?.into_iter().map(|(_, key)| key));
            for delegate in seen.get(coldkey).into_iter().flatten() {
                keys.extend(self::keys(runtime, delegate, true)?.into_iter().map(|(_, key)| key));
            }
        }
        Ok(keys)
    }

    /// What becomes another value with everything that a coldkey does, or that is done for it.
    pub(crate) async fn accounts(
        &self,
        reader: &mut Reader<'_>,
        coldkeys: &BTreeSet<Coldkey>,
    ) -> Result<BTreeMap<Coldkey, Fingerprint>, ChainError> {
        if !reader.runtime.capabilities().accounts {
            return Ok(BTreeMap::new());
        }
        // The accounts that bear on each coldkey: its own, and level by level those of its proxies.
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
                let others = *account != coldkey.0;
                for (_, key) in self::keys(&reader.runtime, account, others)? {
                    // What lies deeper than is followed was not read.
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

    /// Who was seen to act for any of `coldkeys`.
    pub(crate) fn known(&self, coldkeys: &BTreeSet<Coldkey>) -> BTreeSet<[u8; 32]> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        coldkeys.iter().filter_map(|coldkey| seen.get(coldkey)).flatten().copied().collect()
    }

    fn remember(&self, acting: BTreeMap<Coldkey, BTreeSet<[u8; 32]>>) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (coldkey, mut accounts) in acting {
            accounts.remove(&coldkey.0);
            if !accounts.is_empty() && (seen.contains_key(&coldkey) || seen.len() < REMEMBERED) {
                seen.insert(coldkey, accounts);
            }
        }
    }
}

/// The keys that tell what an account did; of whoever acts for another, what it has announced too.
fn keys(
    runtime: &Runtime,
    account: &[u8; 32],
    acts: bool,
) -> Result<Vec<(&'static str, Vec<u8>)>, ChainError> {
    let items = [("Account", true), ("Proxies", true), ("Announcements", acts)];
    let wanted = items.into_iter().filter(|(item, wanted)| *wanted && runtime.stores(item));
    wanted.map(|(item, _)| Ok((item, runtime.key(item, &[account])?))).collect()
}

/// Who may act for an account, whose keys were read.
fn delegates_of(reader: &Reader<'_>, account: &[u8; 32]) -> Result<Vec<[u8; 32]>, ChainError> {
    if !reader.runtime.stores("Proxies") {
        return Ok(Vec::new());
    }
    let Some(bytes) = reader.raw(&reader.runtime.key("Proxies", &[account])?) else { return Ok(Vec::new()) };
    let (definitions, _): (Vec<Definition>, u128) = reader.runtime.value_in("Proxy", "Proxies", bytes)?;
    Ok(definitions.into_iter().map(|definition| definition.delegate).collect())
}
