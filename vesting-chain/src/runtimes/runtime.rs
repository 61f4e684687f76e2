//! One runtime: its metadata, and what it can tell.

use std::sync::atomic::{AtomicU64, Ordering};

use subxt::client::OfflineClient;
use subxt::config::SubstrateConfig;
use subxt::config::substrate::SpecVersionForRange;
use subxt::events::Events;
use subxt::ext::frame_decode::storage::encode_storage_key_prefix;
use subxt::ext::scale_decode::DecodeAsType;
use subxt::{ArcMetadata, Metadata};
use vesting_core::BlockNumber;
use vesting_core::ports::ChainError;

use crate::facts::{Facts, Rule, Standing};
use crate::runtimes::items::Items;
use crate::surface::{self, SurfaceItem, Unknown};

const PALLET: &str = "SubtensorModule";

/// What a runtime can tell, found by name in its metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // a list of what is there and what is not
pub struct Capabilities {
    /// `IncentiveAlphaEmittedToMiners`: incentive is announced.
    pub incentive_event: bool,
    /// `AutoStakeDestination` and `AutoStakeAdded`.
    pub auto_stake: bool,
    /// `AlphaV2` and `TotalHotkeySharesV2`: shares as decimal floats.
    pub float_shares: bool,
    /// `Alpha` and `TotalHotkeyShares`: shares as fixed-point numbers.
    pub fixed_shares: bool,
    /// `AlphaSharePoolEpoch` and `AlphaShareEpoch`: rows of a pool that was closed are told by its epoch.
    pub pool_epochs: bool,
    /// `System.Account`: what a coldkey did shows in its nonce and its balance.
    pub accounts: bool,
    /// `SubnetEpochIndex`: the chain counts epochs.
    pub epoch_index: bool,
    /// `TransactionFeePaidWithAlpha`: fees in alpha are announced.
    pub fee_in_alpha: bool,
    /// `StakeInfoRuntimeApi`: the runtime's own answer about positions.
    pub stake_api: bool,
    /// `StakeInfoRuntimeApi` tells how much of a coldkey's stake is locked.
    pub locks_api: bool,
    /// `BlocksSinceLastStep`, `LastMechansimStepBlock` and what tells whether a subnet is there.
    pub counters: bool,
}

impl Capabilities {
    /// Whether positions can be worked out from storage.
    #[must_use]
    pub const fn shares(self) -> bool {
        self.float_shares || self.fixed_shares
    }
}

/// The runtime's own answer about one position.
pub(crate) const STAKE_API: (&str, &str) =
    ("StakeInfoRuntimeApi", "get_stake_info_for_hotkey_coldkey_netuid");
/// How much of a coldkey's stake on a subnet it cannot move.
pub(crate) const LOCKS_API: (&str, &str) = ("StakeInfoRuntimeApi", "get_stake_availability_for_coldkeys");
/// The runtime's own answer about one subnet.
pub(crate) const SUBNET_API: (&str, &str) = ("SubnetInfoRuntimeApi", "get_dynamic_info");

fn answers(metadata: &Metadata, (api, method): (&str, &str)) -> bool {
    metadata.runtime_api_trait_by_name(api).is_some_and(|api| api.method_by_name(method).is_some())
}

/// A runtime of the chain: everything is looked up in it by name.
pub struct Runtime {
    spec_version: u32,
    metadata: ArcMetadata,
    offline: OfflineClient<SubstrateConfig>,
    capabilities: Capabilities,
    items: Items,
    unknown: Vec<Unknown>,
    /// The keys of what is read of every block.
    plain: PlainKeys,
    /// The earliest block known in whose state no legacy share rows are left.
    converted: AtomicU64,
}

/// Keys that are the same in every block.
pub(crate) struct PlainKeys {
    pub(crate) events: Vec<u8>,
    pub(crate) parent_hash: Vec<u8>,
    pub(crate) now: Vec<u8>,
}

impl Runtime {
    /// Takes up a runtime by its metadata (SCALE, version 14 or later).
    ///
    /// # Errors
    /// [`ChainError::Unreadable`] when the metadata cannot be decoded, or lacks something that cannot be done
    /// without.
    pub fn new(spec_version: u32, metadata: &[u8]) -> Result<Self, ChainError> {
        let metadata = Metadata::decode_from(metadata)
            .map_err(|e| ChainError::Unreadable {
                spec_version,
                why: format!("its metadata cannot be decoded: {e}"),
            })?
            .arc();
        let items = Items::new(PALLET, &metadata);
        let capabilities = Self::look(spec_version, &metadata, &items)?;
        let unknown = surface::unknown(&metadata);
        let plain = |pallet: &str, item: &str| encode_storage_key_prefix(pallet, item).to_vec();
        let plain = PlainKeys {
            events: plain("System", "Events"),
            parent_hash: plain("System", "ParentHash"),
            now: plain("Timestamp", "Now"),
        };
        let config = SubstrateConfig::builder()
            .set_metadata_for_spec_versions([(spec_version, metadata.clone())])
            .set_spec_version_for_block_ranges([SpecVersionForRange {
                block_range: 0..u64::MAX,
                spec_version,
                transaction_version: 0,
            }])
            .build();
        let (offline, converted) = (OfflineClient::new_with_config(config), AtomicU64::new(u64::MAX));
        Ok(Self { spec_version, metadata, offline, capabilities, items, unknown, plain, converted })
    }

    /// Whether share rows of `item` are to be read in the state of a block: where the metadata lists them,
    /// and after that for as long as the runtime itself looks for them.
    pub(crate) fn has_rows(&self, item: &str, number: BlockNumber) -> bool {
        self.items.has(item) || (self.items.is_legacy(item) && !self.is_converted(number))
    }

    fn is_converted(&self, number: BlockNumber) -> bool {
        number.0 >= self.converted.load(Ordering::Relaxed)
    }

    /// The key that tells whether legacy share rows are left, where that is still to be asked.
    pub(crate) fn conversion(&self, number: BlockNumber) -> Option<Vec<u8>> {
        self.items.conversion().filter(|_| !self.is_converted(number))
    }

    /// Notes that no legacy share rows are left in the state of a block.
    pub(crate) fn note_converted(&self, number: BlockNumber) {
        self.converted.fetch_min(number.0, Ordering::Relaxed);
    }

    /// Whether what its events mean was measured: of no runtime that is newer than any seen.
    pub(crate) fn is_measured(&self) -> bool {
        self.facts().standing() != Standing::Newer
    }

    /// Whether a position is worth at most its whole pool.
    pub(crate) fn is_capped(&self) -> bool {
        self.facts().hold(Rule::ValueCapped)
    }

    /// Whether `LastColdkeyHotkeyStakeBlock` tells of subnets.
    pub(crate) fn has_pointers(&self) -> bool {
        self.facts().hold(Rule::StakePointer) && self.stores("LastColdkeyHotkeyStakeBlock")
    }

    fn look(spec_version: u32, metadata: &Metadata, items: &Items) -> Result<Capabilities, ChainError> {
        let missing = |what: &str| ChainError::Unreadable {
            spec_version,
            why: format!(
                "it has no {what}, so this endpoint does not serve a Subtensor chain, or its runtime is of a kind this version does not know"
            ),
        };
        if metadata.pallet_by_name(PALLET).is_none() {
            return Err(missing("pallet `SubtensorModule`"));
        }
        let has = |name: &str| items.has(name);
        for name in ["SubnetworkN", "Keys", "Owner", "StakingHotkeys"] {
            if !has(name) {
                return Err(missing(&format!("storage `SubtensorModule.{name}`")));
            }
        }
        for (pallet, name) in [("System", "Events"), ("System", "ParentHash"), ("Timestamp", "Now")] {
            let found =
                metadata.pallet_by_name(pallet).and_then(|p| p.storage()).and_then(|s| s.entry_by_name(name));
            if found.is_none() {
                return Err(missing(&format!("storage `{pallet}.{name}`")));
            }
        }
        let event = |name: &str| {
            metadata.pallets().filter_map(|p| p.event_variants()).flatten().any(|v| v.name == name)
        };
        let capabilities = Capabilities {
            incentive_event: event("IncentiveAlphaEmittedToMiners"),
            auto_stake: event("AutoStakeAdded") && has("AutoStakeDestination"),
            float_shares: has("AlphaV2") && has("TotalHotkeySharesV2") && has("TotalHotkeyAlpha"),
            fixed_shares: has("Alpha") && has("TotalHotkeyShares") && has("TotalHotkeyAlpha"),
            pool_epochs: has("AlphaSharePoolEpoch") && has("AlphaShareEpoch"),
            accounts: has("Account"),
            epoch_index: has("SubnetEpochIndex"),
            fee_in_alpha: event("TransactionFeePaidWithAlpha"),
            stake_api: answers(metadata, STAKE_API),
            locks_api: answers(metadata, LOCKS_API),
            counters: ["Tempo", "BlocksSinceLastStep", "LastMechansimStepBlock", "NetworkRegisteredAt"]
                .into_iter()
                .all(has),
        };
        if !capabilities.shares() && !capabilities.stake_api {
            return Err(missing("share storage (`AlphaV2` or `Alpha`), and no runtime API to ask instead"));
        }
        if !capabilities.counters && !answers(metadata, SUBNET_API) {
            return Err(missing(
                "storage `SubtensorModule.LastMechansimStepBlock`, and no runtime API to ask instead",
            ));
        }
        Ok(capabilities)
    }

    /// Its version.
    #[must_use]
    pub fn spec_version(&self) -> u32 {
        self.spec_version
    }

    /// What it can tell.
    #[must_use]
    pub fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    pub(crate) fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Its metadata, to be kept.
    pub(crate) fn metadata_arc(&self) -> ArcMetadata {
        self.metadata.clone()
    }

    /// What is known of it by its version.
    #[must_use]
    pub fn facts(&self) -> Facts {
        Facts::of(self.spec_version)
    }

    /// Everything in it that bears on stake, in order.
    #[must_use]
    pub fn surface(&self) -> Vec<SurfaceItem> {
        surface::items(&self.metadata)
    }

    /// What bears on stake in it and is not known as it is, by kind.
    #[must_use]
    pub fn unknown(&self) -> &[Unknown] {
        &self.unknown
    }

    /// Decodes what a runtime API answered.
    pub(crate) fn answer<T: DecodeAsType>(
        &self,
        (api, method): (&str, &str),
        mut bytes: &[u8],
    ) -> Result<T, ChainError> {
        let ty = self
            .metadata
            .runtime_api_trait_by_name(api)
            .and_then(|api| api.method_by_name(method))
            .map(|method| method.output_ty());
        let ty = ty.ok_or_else(|| {
            ChainError::Unsupported(format!("spec {} has no runtime API `{api}.{method}`", self.spec_version))
        })?;
        T::decode_as_type(&mut bytes, ty, self.metadata.types()).map_err(|e| {
            ChainError::Malformed(format!(
                "the answer of `{api}.{method}` cannot be decoded with spec {}: {e}",
                self.spec_version
            ))
        })
    }

    pub(crate) fn events(&self, bytes: Vec<u8>) -> Result<Events<SubstrateConfig>, ChainError> {
        let at = self.offline.at_block(0u64).map_err(|e| ChainError::Malformed(e.to_string()))?;
        Ok(at.events().from_bytes(bytes))
    }

    /// Whether `SubtensorModule` stores `item` in the shape that is known.
    pub(crate) fn stores(&self, item: &str) -> bool {
        self.items.has(item)
    }

    /// The storage key of `SubtensorModule.item` of these parts, hashed as the metadata says.
    pub(crate) fn key(&self, item: &str, parts: &[&[u8]]) -> Result<Vec<u8>, ChainError> {
        self.items.key(item, parts)
    }

    /// The keys of what is read of every block.
    pub(crate) fn plain(&self) -> &PlainKeys {
        &self.plain
    }

    /// Decodes a stored value of `SubtensorModule.item`.
    pub(crate) fn value<T: DecodeAsType>(&self, item: &str, bytes: &[u8]) -> Result<T, ChainError> {
        self.decode(PALLET, item, self.items.value_ty(item), bytes)
    }

    /// Decodes a stored value of `pallet.item`.
    pub(crate) fn value_in<T: DecodeAsType>(
        &self,
        pallet: &str,
        item: &str,
        bytes: &[u8],
    ) -> Result<T, ChainError> {
        let entry = self
            .metadata
            .pallet_by_name(pallet)
            .and_then(|p| p.storage())
            .and_then(|s| s.entry_by_name(item));
        self.decode(pallet, item, entry.map(|entry| entry.value_ty()), bytes)
    }

    fn decode<T: DecodeAsType>(
        &self,
        pallet: &str,
        item: &str,
        ty: Option<u32>,
        mut bytes: &[u8],
    ) -> Result<T, ChainError> {
        let ty = ty.ok_or_else(|| {
            ChainError::Unsupported(format!("spec {} has no storage `{pallet}.{item}`", self.spec_version))
        })?;
        T::decode_as_type(&mut bytes, ty, self.metadata.types()).map_err(|e| {
            ChainError::Malformed(format!(
                "storage `{pallet}.{item}` cannot be decoded with spec {}: {e}",
                self.spec_version
            ))
        })
    }
}
