//! What a runtime can tell, by the names in its metadata.

use subxt::Metadata;
use vesting_core::ports::ChainError;

use crate::runtimes::items::Items;

/// The pallet that keeps subnets and stake.
pub(crate) const SUBTENSOR: &str = "SubtensorModule";
/// The call for the runtime's own answer about one position.
pub(crate) const STAKE_API: (&str, &str) =
    ("StakeInfoRuntimeApi", "get_stake_info_for_hotkey_coldkey_netuid");
/// The call for how much of its stake on a subnet a coldkey cannot move.
pub(crate) const LOCKS_API: (&str, &str) = ("StakeInfoRuntimeApi", "get_stake_availability_for_coldkeys");
/// The call for the runtime's own answer about one subnet.
pub(crate) const SUBNET_API: (&str, &str) = ("SubnetInfoRuntimeApi", "get_dynamic_info");

/// Whether the metadata has a method of a runtime API.
fn answers(metadata: &Metadata, (api, method): (&str, &str)) -> bool {
    metadata.runtime_api_trait_by_name(api).is_some_and(|api| api.method_by_name(method).is_some())
}

/// What a runtime can tell, by the names in its metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // a list of what exists and what does not
pub struct Capabilities {
    /// `IncentiveAlphaEmittedToMiners`: incentive is announced.
    pub incentive_event: bool,
    /// `AutoStakeDestination` and `AutoStakeAdded`.
    pub auto_stake: bool,
    /// `AlphaV2` and `TotalHotkeySharesV2`: shares as decimal floats.
    pub float_shares: bool,
    /// `Alpha` and `TotalHotkeyShares`: shares as fixed-point numbers.
    pub fixed_shares: bool,
    /// `AlphaSharePoolEpoch` and `AlphaShareEpoch`: share rows of a closed pool are recognised by its epoch.
    pub pool_epochs: bool,
    /// `System.Account`: an operation of a coldkey shows in its nonce and its balance.
    pub accounts: bool,
    /// `SubnetEpochIndex`: the chain counts epochs.
    pub epoch_index: bool,
    /// `TransactionFeePaidWithAlpha`: fees in alpha are announced.
    pub fee_in_alpha: bool,
    /// `StakeInfoRuntimeApi`: the runtime's own answer about positions.
    pub stake_api: bool,
    /// `StakeInfoRuntimeApi` tells how much of a coldkey's stake is locked.
    pub locks_api: bool,
    /// `BlocksSinceLastStep`, `LastMechansimStepBlock`, and what tells whether a subnet exists.
    pub counters: bool,
}

impl Capabilities {
    /// Whether positions can be worked out from storage.
    #[must_use]
    pub const fn shares(self) -> bool {
        self.float_shares || self.fixed_shares
    }

    /// Looks up everything in the metadata. Fails if something is missing that cannot be done without.
    pub(crate) fn find(spec_version: u32, metadata: &Metadata, items: &Items) -> Result<Self, ChainError> {
        let missing = |what: &str| ChainError::Unreadable {
            spec_version,
            why: format!(
                "it has no {what}: this endpoint serves no Subtensor chain, or a runtime that this version \
                does not know"
            ),
        };
        if metadata.pallet_by_name(SUBTENSOR).is_none() {
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
        let capabilities = Self {
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
}
