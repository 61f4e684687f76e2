//! Accounts of coldkeys. They change with whatever a coldkey signs, pays or is paid.

use std::collections::{BTreeMap, BTreeSet};

use codec::Encode;
use vesting_core::Coldkey;
use vesting_core::ports::Fingerprint;

use super::versions::Versions;
use vesting_core::BlockNumber;

/// What every coldkey has at first, in rao of TAO.
const ENDOWMENT: u64 = 1_000_000_000_000_000;
/// What an extrinsic costs its signer, in rao of TAO.
const TRANSACTION_FEE: u64 = 124_000;
/// How many levels of proxies of proxies are followed.
const DEPTH: usize = 4;

/// An account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    /// How many extrinsics it signed.
    pub(crate) nonce: u32,
    /// Its TAO in rao.
    pub(crate) free: u64,
}

/// Every account, and which coldkeys may act for which.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    accounts: BTreeMap<Coldkey, Account>,
    proxies: BTreeMap<Coldkey, BTreeSet<Coldkey>>,
    /// The coldkeys that changed in the block that is being made.
    dirty: BTreeSet<Coldkey>,
    accounts_by_block: Versions<Coldkey, Account>,
    proxies_by_block: Versions<Coldkey, BTreeSet<Coldkey>>,
}

impl Accounts {
    fn change(&mut self, of: Coldkey, change: impl FnOnce(&mut Account)) {
        change(self.accounts.entry(of).or_insert(Account { nonce: 0, free: ENDOWMENT }));
        self.dirty.insert(of);
    }

    /// Counts an extrinsic. `pays` says whether its fee is paid in TAO.
    pub(crate) fn sign(&mut self, signer: Coldkey, pays: bool) {
        self.change(signer, |account| {
            account.nonce = account.nonce.saturating_add(1);
            account.free = account.free.saturating_sub(if pays { TRANSACTION_FEE } else { 0 });
        });
    }

    /// Pays TAO out to a coldkey.
    pub(crate) fn earn(&mut self, coldkey: Coldkey, tao: u64) {
        self.change(coldkey, |account| account.free = account.free.saturating_add(tao));
    }

    /// Takes TAO from a coldkey. One that has too little receives some first.
    pub(crate) fn spend(&mut self, coldkey: Coldkey, tao: u64) {
        self.change(coldkey, |account| {
            let sent = if account.free < tao { ENDOWMENT } else { 0 };
            account.free = account.free.saturating_add(sent).saturating_sub(tao);
        });
    }

    /// Lets `delegate` act for a coldkey, or ends that. Returns whether anything changed.
    pub(crate) fn set_proxy(&mut self, coldkey: Coldkey, delegate: Coldkey, may: bool) -> bool {
        let delegates = self.proxies.entry(coldkey).or_default();
        self.dirty.insert(coldkey);
        if may { coldkey != delegate && delegates.insert(delegate) } else { delegates.remove(&delegate) }
    }

    /// Whether one coldkey may act for another.
    pub(crate) fn may_act(&self, signer: Coldkey, coldkey: Coldkey) -> bool {
        signer == coldkey || self.proxies.get(&coldkey).is_some_and(|delegates| delegates.contains(&signer))
    }

    /// Moves all TAO from one coldkey to another.
    pub(crate) fn hand_over(&mut self, old: Coldkey, new: Coldkey) {
        let free = self.accounts.get(&old).map_or(ENDOWMENT, |account| account.free);
        self.spend(old, free);
        self.earn(new, free);
    }

    /// Ends a block: what changed can be read at its height from now on. Returns every coldkey that changed,
    /// with its account and its delegates.
    pub(crate) fn seal(&mut self, number: u64) -> Vec<(Coldkey, Option<Account>, BTreeSet<Coldkey>)> {
        let mut changed = Vec::with_capacity(self.dirty.len());
        for coldkey in std::mem::take(&mut self.dirty) {
            let (account, delegates) = (
                self.accounts.get(&coldkey).copied(),
                self.proxies.get(&coldkey).cloned().unwrap_or_default(),
            );
            if let Some(account) = account {
                self.accounts_by_block.set(coldkey, number, account);
            }
            self.proxies_by_block.set(coldkey, number, delegates.clone());
            changed.push((coldkey, account, delegates));
        }
        changed
    }

    /// Drops the states before a block.
    pub(crate) fn forget_before(&mut self, block: BlockNumber) {
        self.accounts_by_block.forget_before(block);
        self.proxies_by_block.forget_before(block);
    }

    /// A value that changes with everything a coldkey does, or another does for it, in the state of a block.
    pub(crate) fn fingerprint(&self, coldkey: Coldkey, block: BlockNumber) -> Fingerprint {
        let (mut acting, mut level) = (BTreeSet::from([coldkey]), BTreeSet::from([coldkey]));
        for _ in 1..DEPTH {
            level = level
                .iter()
                .filter_map(|account| self.proxies_by_block.at(account, block))
                .flatten()
                .copied()
                .collect();
            level.retain(|account| acting.insert(*account));
        }
        let mut print = Vec::new();
        for account in acting {
            let there =
                self.accounts_by_block.at(&account, block).map(|account| (account.nonce, account.free));
            let delegates =
                self.proxies_by_block.at(&account, block).into_iter().flatten().map(|delegate| delegate.0);
            (account.0, there, delegates.collect::<Vec<_>>()).encode_to(&mut print);
        }
        Fingerprint(print)
    }
}
