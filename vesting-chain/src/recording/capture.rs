//! Capturing a stretch of blocks for a recording: headers, extrinsics, and the storage that bears on some
//! subnets.
//!
//! A node cannot give the whole state of every block. What is captured is every item that is kept by netuid,
//! or by an account that owns a neuron in the stretch or may hold stake for one that does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;
use subxt::config::substrate::SubstrateHeader;
use subxt::ext::codec::{Decode, Encode};
use subxt::ext::frame_decode::storage::encode_storage_key_prefix;
use subxt::rpcs::methods::legacy::Bytes;
use subxt::rpcs::rpc_params;
use subxt::utils::H256;
use subxt::{ArcMetadata, Metadata};
use vesting_core::ports::{ChainError, Roster, SubnetState};
use vesting_core::{BlockHash, BlockNumber, Coldkey, Millis, NetUid, PositionKey, StakeEvent};

use crate::link::header::block_of;
use crate::node::hex::hex;
use crate::node::storage;
use crate::reading::chain::Chain;
use crate::recording::captured::{CapturedBlock, CapturedRuntime};
use crate::recording::named::{Named, named_by};
use crate::recording::shapes::{self, Keys};
use crate::recording::subjects::Subjects;
use crate::runtimes::code::{metadata_of_code, spec_version_of_code};
use crate::stake::positions;
use crate::state::{events, neurons};

/// The versions of metadata that a recording has, as far as the node has them.
const METADATA_VERSIONS: [u32; 3] = [14, 15, 16];

#[derive(Deserialize)]
struct SignedBlock {
    block: Body,
}

#[derive(Deserialize)]
struct Body {
    extrinsics: Vec<String>,
}

/// Captures a stretch of blocks, in four steps: [`find_accounts`](Self::find_accounts) in each block, then
/// [`find_stake`](Self::find_stake) in each, then [`choose_storage`](Self::choose_storage) once, and then
/// [`block`](Self::block) for each, in order.
pub struct Capture {
    chain: Arc<Chain>,
    subjects: Subjects,
    /// The accounts that events name. Their storage may come and go within the stretch.
    named: BTreeSet<[u8; 32]>,
    /// The coldkeys that own neurons, or take over from one that does.
    coldkeys: BTreeSet<Coldkey>,
    /// The neurons of each subnet in the last block.
    rosters: BTreeMap<NetUid, Roster>,
    /// The metadata of each runtime.
    metadata: BTreeMap<u32, ArcMetadata>,
    /// The keys that are captured, once chosen.
    keys: Vec<Vec<u8>>,
    /// Their values in the last block.
    values: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The version of the last runtime captured.
    code: Option<serde_json::Value>,
    /// The runtimes that cannot be read, with the error.
    unread: BTreeMap<u32, ChainError>,
}

impl Capture {
    pub(crate) fn new(chain: Arc<Chain>, netuids: &[NetUid]) -> Self {
        Self {
            chain,
            subjects: Subjects {
                netuids: netuids.iter().map(|netuid| netuid.0).collect(),
                ..Subjects::default()
            },
            named: BTreeSet::new(),
            coldkeys: BTreeSet::new(),
            rosters: netuids.iter().map(|netuid| (*netuid, Roster::default())).collect(),
            metadata: BTreeMap::new(),
            keys: Vec::new(),
            values: BTreeMap::new(),
            code: None,
            unread: BTreeMap::new(),
        }
    }

    /// Why no accounts could be found, if so: this version cannot read the runtime. Then only storage that is
    /// kept by netuid is captured.
    #[must_use]
    pub fn unread(&self) -> Option<&ChainError> {
        self.unread.values().next()
    }

    /// Finds the accounts of a block: those that own neurons, and those that its events name.
    ///
    /// # Errors
    /// If the chain cannot be read.
    pub async fn find_accounts(&mut self, number: BlockNumber) -> Result<(), ChainError> {
        if !self.unread.is_empty() && self.unread.contains_key(&self.code_at(number.parent()).await?.0) {
            return Ok(());
        }
        match self.find_accounts_in(number).await {
            Err(
                error @ (ChainError::Unreadable { .. }
                | ChainError::Unsupported(_)
                | ChainError::Malformed(_)),
            ) => {
                let parent = number.parent();
                let (version, hash) = self.code_at(parent).await?;
                let bytes = metadata_of_code(&self.chain.rpc, hash, parent).await?;
                self.metadata
                    .insert(version, Metadata::decode_from(&bytes).map_err(|_| error.clone())?.arc());
                self.unread.insert(version, error);
                Ok(())
            }
            done => done,
        }
    }

    /// The version of the code in the state of a block, and that block.
    async fn code_at(&self, number: BlockNumber) -> Result<(u32, BlockHash), ChainError> {
        let hash = self.chain.hash(number).await?;
        Ok((spec_version_of_code(&self.chain.rpc, hash, number).await?, hash))
    }

    async fn find_accounts_in(&mut self, number: BlockNumber) -> Result<(), ChainError> {
        let rosters = &self.rosters;
        let mut reader = self
            .chain
            .state(number, |runtime| {
                let mut keys = vec![runtime.plain().events.clone()];
                for (netuid, roster) in rosters {
                    keys.extend(neurons::expected_keys(runtime, *netuid, &roster.neurons)?);
                }
                Ok(keys)
            })
            .await?;
        let runtime = reader.runtime.clone();
        self.metadata.entry(runtime.spec_version()).or_insert_with(|| runtime.metadata_arc());
        for (netuid, roster) in &mut self.rosters {
            let (neurons, owner) = neurons::read(&mut reader, *netuid).await?;
            for neuron in &neurons {
                self.subjects.uids = self.subjects.uids.max(neuron.uid.0.saturating_add(1));
                self.subjects.accounts.extend([neuron.hotkey.0, neuron.coldkey.0]);
                self.subjects.pairs.insert((neuron.hotkey.0, neuron.coldkey.0));
                self.coldkeys.insert(neuron.coldkey);
            }
            self.subjects.accounts.extend(
                owner
                    .into_iter()
                    .flat_map(|owner| [Some(owner.coldkey.0), owner.hotkey.map(|hotkey| hotkey.0)])
                    .flatten(),
            );
            roster.neurons = neurons;
        }
        if let Some(bytes) = reader.take(&runtime.plain().events) {
            for event in events::decode(&runtime, bytes)? {
                self.note(&event.event);
            }
        }
        Ok(())
    }

    /// Notes the accounts that an event names.
    fn note(&mut self, event: &StakeEvent) {
        let Named { holders, accounts, pairs } = named_by(event);
        self.named.extend(holders.iter().chain(&accounts).map(|coldkey| coldkey.0));
        self.coldkeys.extend(holders);
        for (hotkey, coldkey) in pairs {
            self.named.extend([hotkey.0, coldkey.0]);
            self.subjects.pairs.insert((hotkey.0, coldkey.0));
        }
    }

    /// Finds the hotkeys on which owners of neurons may have stake in a block.
    ///
    /// # Errors
    /// If the chain cannot be read.
    pub async fn find_stake(&mut self, number: BlockNumber) -> Result<(), ChainError> {
        if !self.unread.is_empty() {
            return Ok(());
        }
        let (coldkeys, rosters, none) = (&self.coldkeys, &self.rosters, BTreeSet::<PositionKey>::new());
        let proxies = &self.chain.proxies;
        let keys = |runtime: &_| {
            let mut keys = proxies.expected_keys(runtime, coldkeys)?;
            for netuid in rosters.keys() {
                keys.extend(positions::expected_keys(runtime, number, *netuid, coldkeys, &none, false)?);
            }
            Ok(keys)
        };
        let mut reader = self.chain.state(number, keys).await?;
        for netuid in rosters.keys() {
            for key in positions::possible(
                &mut reader,
                *netuid,
                coldkeys,
                &none,
                proxies,
                &mut SubnetState::default(),
            )
            .await?
            {
                self.subjects.accounts.extend([key.hotkey.0, key.coldkey.0]);
                self.subjects.pairs.insert((key.hotkey.0, key.coldkey.0));
            }
        }
        self.subjects.accounts.extend(proxies.known(coldkeys));
        Ok(())
    }

    /// Decides which storage is captured of the blocks from `first` to `last`: all that a record is made
    /// from, all of the accounts that events name, and of the rest what exists at one of the ends.
    ///
    /// # Errors
    /// If the chain cannot be read.
    pub async fn choose_storage(&mut self, first: BlockNumber, last: BlockNumber) -> Result<(), ChainError> {
        self.subjects.accounts.extend(&self.named);
        let pairs = self
            .subjects
            .pairs
            .iter()
            .filter(|(hotkey, coldkey)| self.named.contains(hotkey) || self.named.contains(coldkey));
        let named =
            Subjects { accounts: self.named.clone(), pairs: pairs.copied().collect(), ..Subjects::default() };
        let named = Subjects { netuids: self.subjects.netuids.clone(), ..named };
        let (mut keys, mut of_named) = (Keys::default(), Keys::default());
        for metadata in self.metadata.values() {
            shapes::keys(metadata, &self.subjects, &mut keys);
            shapes::keys(metadata, &named, &mut of_named);
        }
        let mut all = keys.read;
        all.extend(of_named.other);
        let other: Vec<Vec<u8>> = keys.other.difference(&all).cloned().collect();
        for number in [first, last] {
            let hash = self.chain.hash(number).await?;
            let values = storage::read(&self.chain.rpc, number, hash, other.clone()).await?;
            all.extend(other.iter().filter(|key| values.get(key).is_some()).cloned());
        }
        self.keys = all.into_iter().collect();
        Ok(())
    }

    /// Captures the next block.
    ///
    /// # Errors
    /// If the chain cannot be read.
    pub async fn block(&mut self, number: BlockNumber) -> Result<CapturedBlock, ChainError> {
        let mut block = self.without_state(number).await?;
        let mut values = storage::read(&self.chain.rpc, number, block.hash, self.keys.clone()).await?;
        for key in &self.keys {
            match values.take(key) {
                Some(value) if self.values.get(key) == Some(&value) => {}
                Some(value) => {
                    self.values.insert(key.clone(), value.clone());
                    block.changes.insert(key.clone(), Some(value));
                }
                None => {
                    if self.values.remove(key).is_some() {
                        block.changes.insert(key.clone(), None);
                    }
                }
            }
        }
        let now = self.values.get(encode_storage_key_prefix("Timestamp", "Now").as_slice());
        block.time = now.and_then(|bytes| u64::decode(&mut bytes.as_slice()).ok()).map_or(Millis(0), Millis);
        Ok(block)
    }

    /// Captures a block without its storage. For genesis this tells which chain it is.
    ///
    /// # Errors
    /// If the chain cannot be read.
    pub async fn without_state(&self, number: BlockNumber) -> Result<CapturedBlock, ChainError> {
        let rpc = &self.chain.rpc;
        let hash = if number.0 == 0 { rpc.genesis().await? } else { self.chain.hash(number).await? };
        let missing = || {
            ChainError::Malformed(format!(
                "the endpoint does not have block {number}, though it told the block's hash"
            ))
        };
        let header: Option<SubstrateHeader<H256>> =
            rpc.call(None, "chain_getHeader", rpc_params![H256(hash.0)]).await?;
        let header = header.ok_or_else(missing)?;
        if block_of(&header).hash != hash {
            return Err(ChainError::Malformed(format!(
                "the header of block {number} has an unknown shape: its hash is not the block's hash"
            )));
        }
        let body: Option<SignedBlock> = rpc.call(None, "chain_getBlock", rpc_params![H256(hash.0)]).await?;
        Ok(CapturedBlock {
            number,
            hash,
            parent_hash: BlockHash(header.parent_hash.0),
            time: Millis(0),
            header: header.encode(),
            extrinsics: body.ok_or_else(missing)?.block.extrinsics,
            changes: BTreeMap::new(),
        })
    }

    /// Captures the runtime whose code is in the state of a block; `None` if it is the same as in the block
    /// of the call before.
    ///
    /// # Errors
    /// If the chain cannot be read.
    pub async fn runtime(&mut self, number: BlockNumber) -> Result<Option<CapturedRuntime>, ChainError> {
        let rpc = &self.chain.rpc;
        let hash = H256(self.chain.hash(number).await?.0);
        let version: serde_json::Value =
            rpc.call(Some(number), "state_getRuntimeVersion", rpc_params![hash]).await?;
        if self.code.as_ref() == Some(&version) {
            return Ok(None);
        }
        let spec_version = version
            .get("specVersion")
            .and_then(serde_json::Value::as_u64)
            .and_then(|version| u32::try_from(version).ok());
        let spec_version = spec_version
            .ok_or_else(|| ChainError::Malformed("the runtime's version has no `specVersion`".into()))?;
        let mut metadata = BTreeMap::new();
        for wanted in METADATA_VERSIONS {
            let argument = hex(&wanted.to_le_bytes());
            let asked = rpc.call::<Bytes>(
                Some(number),
                "state_call",
                rpc_params!["Metadata_metadata_at_version", argument, hash],
            );
            match asked.await {
                Ok(bytes) => {
                    let bytes: Option<Vec<u8>> = Decode::decode(&mut &*bytes.0).map_err(|error| {
                        ChainError::Malformed(format!("the metadata cannot be unwrapped: {error}"))
                    })?;
                    metadata.extend(bytes.map(|bytes| (wanted, bytes)));
                }
                // An old runtime has no such call.
                Err(ChainError::Unsupported(_)) => break,
                Err(error) => return Err(error),
            }
        }
        if metadata.is_empty() {
            let bytes: Bytes = rpc.call(Some(number), "state_getMetadata", rpc_params![hash]).await?;
            metadata.insert(14, bytes.0);
        }
        self.code = Some(version.clone());
        Ok(Some(CapturedRuntime { from: number, spec_version, version, metadata }))
    }
}
