//! One runtime: its metadata, and what is read by it.

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
use crate::runtimes::capabilities::{Capabilities, SUBTENSOR};
use crate::runtimes::items::Items;
use crate::surface::item::{SurfaceItem, items_of};
use crate::surface::unknown::{Unknown, unknown_in};

/// A runtime of the chain. Everything in its metadata is looked up by name.
pub struct Runtime {
    spec_version: u32,
    metadata: ArcMetadata,
    offline: OfflineClient<SubstrateConfig>,
    capabilities: Capabilities,
    items: Items,
    unknown: Vec<Unknown>,
    /// The keys that are read in every block.
    plain: PlainKeys,
    /// The first block in whose state no legacy share rows are left, as far as is known.
    converted: AtomicU64,
}

/// Keys of plain values that every block has.
pub(crate) struct PlainKeys {
    pub(crate) events: Vec<u8>,
    pub(crate) parent_hash: Vec<u8>,
    pub(crate) now: Vec<u8>,
}

impl Runtime {
    /// A runtime with this metadata (SCALE, version 14 or later).
    ///
    /// # Errors
    /// [`ChainError::Unreadable`] if the metadata cannot be decoded, or lacks something that is always
    /// needed.
    pub fn new(spec_version: u32, metadata: &[u8]) -> Result<Self, ChainError> {
        let metadata = Metadata::decode_from(metadata)
            .map_err(|e| ChainError::Unreadable {
                spec_version,
                why: format!("its metadata cannot be decoded: {e}"),
            })?
            .arc();
        let items = Items::new(SUBTENSOR, &metadata);
        let capabilities = Capabilities::find(spec_version, &metadata, &items)?;
        let unknown = unknown_in(&metadata);
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

    /// Whether share rows of `item` are read in the state of a block. They are if the metadata lists them,
    /// and afterwards for as long as the runtime itself still reads them.
    pub(crate) fn has_rows(&self, item: &str, number: BlockNumber) -> bool {
        self.items.has(item) || (self.items.is_legacy(item) && !self.is_converted(number))
    }

    fn is_converted(&self, number: BlockNumber) -> bool {
        number.0 >= self.converted.load(Ordering::Relaxed)
    }

    /// The key that tells whether legacy share rows are left; `None` if that is known.
    pub(crate) fn conversion(&self, number: BlockNumber) -> Option<Vec<u8>> {
        self.items.conversion().filter(|_| !self.is_converted(number))
    }

    /// Notes that no legacy share rows are left in the state of a block.
    pub(crate) fn note_converted(&self, number: BlockNumber) {
        self.converted.fetch_min(number.0, Ordering::Relaxed);
    }

    /// Whether the meaning of its events was measured. It was not if it is newer than every measured runtime.
    pub(crate) fn is_measured(&self) -> bool {
        self.facts().standing() != Standing::Newer
    }

    /// Whether a position is worth at most its whole pool.
    pub(crate) fn is_capped(&self) -> bool {
        self.facts().hold(Rule::ValueCapped)
    }

    /// Whether `LastColdkeyHotkeyStakeBlock` tells of stake operations on subnets.
    pub(crate) fn has_pointers(&self) -> bool {
        self.facts().hold(Rule::StakePointer) && self.stores("LastColdkeyHotkeyStakeBlock")
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

    /// Its metadata, shared.
    pub(crate) fn metadata_arc(&self) -> ArcMetadata {
        self.metadata.clone()
    }

    /// What is known of it by its version.
    #[must_use]
    pub fn facts(&self) -> Facts {
        Facts::of(self.spec_version)
    }

    /// Everything in it that may bear on stake, in order.
    #[must_use]
    pub fn surface(&self) -> Vec<SurfaceItem> {
        items_of(&self.metadata)
    }

    /// What may bear on stake in it and is unknown, by kind.
    #[must_use]
    pub fn unknown(&self) -> &[Unknown] {
        &self.unknown
    }

    /// Decodes the answer of a runtime API.
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

    /// The events of a block, from the bytes of `System.Events`.
    pub(crate) fn events(&self, bytes: Vec<u8>) -> Result<Events<SubstrateConfig>, ChainError> {
        let at = self.offline.at_block(0u64).map_err(|e| ChainError::Malformed(e.to_string()))?;
        Ok(at.events().from_bytes(bytes))
    }

    /// Whether the runtime stores `item` in the expected shape.
    pub(crate) fn stores(&self, item: &str) -> bool {
        self.items.has(item)
    }

    /// The storage key of `item`, of these parts.
    pub(crate) fn key(&self, item: &str, parts: &[&[u8]]) -> Result<Vec<u8>, ChainError> {
        self.items.key(item, parts)
    }

    /// The keys that are read in every block.
    pub(crate) fn plain(&self) -> &PlainKeys {
        &self.plain
    }

    /// Decodes a stored value of `SubtensorModule.item`.
    pub(crate) fn value<T: DecodeAsType>(&self, item: &str, bytes: &[u8]) -> Result<T, ChainError> {
        self.decode(SUBTENSOR, item, self.items.value_ty(item), bytes)
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
