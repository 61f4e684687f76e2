//! The types of storage values and answers, as the metadata describes them.

use codec::Encode;
use scale_info::TypeInfo;

use super::event::{AccountId32, TaoBalance};

/// Shares as decimal floats.
#[derive(TypeInfo)]
#[allow(dead_code)] // only its shape is needed
pub(super) struct SafeFloat {
    mantissa: u128,
    exponent: i64,
}

/// What a coldkey has locked.
#[derive(Encode, TypeInfo)]
pub(crate) struct LockState {
    pub(crate) locked_mass: u64,
    pub(crate) conviction: u128,
    pub(crate) last_update: u64,
}

/// What a miner has locked.
#[derive(TypeInfo)]
#[allow(dead_code)]
pub(super) struct MinerCollateral {
    locked: u64,
    drain_ratio: DrainRatio,
    min_locked: u64,
    earned: u64,
}

/// A `U64F64`.
#[derive(TypeInfo)]
#[allow(dead_code)]
struct DrainRatio {
    bits: u128,
}

/// `System.Account`.
#[derive(TypeInfo)]
#[allow(dead_code)]
pub(super) struct AccountInfo {
    nonce: u32,
    consumers: u32,
    providers: u32,
    sufficients: u32,
    data: AccountData,
}

#[derive(TypeInfo)]
#[allow(dead_code)]
struct AccountData {
    free: TaoBalance,
    reserved: TaoBalance,
    frozen: TaoBalance,
    flags: u128,
}

/// A coldkey that may act for another.
#[derive(TypeInfo)]
#[allow(dead_code)]
pub(super) struct ProxyDefinition {
    delegate: AccountId32,
    proxy_type: ProxyType,
    delay: u32,
}

#[derive(TypeInfo)]
#[allow(dead_code)]
enum ProxyType {
    Any,
}

/// `System.LastRuntimeUpgrade`.
#[derive(TypeInfo)]
#[allow(dead_code)]
pub(super) struct LastRuntimeUpgradeInfo {
    #[codec(compact)]
    spec_version: u32,
    spec_name: String,
}

/// The answer of `StakeInfoRuntimeApi` about one position.
#[derive(TypeInfo)]
#[allow(dead_code)]
pub(super) struct StakeInfo {
    hotkey: AccountId32,
    coldkey: AccountId32,
    #[codec(compact)]
    netuid: u16,
    #[codec(compact)]
    stake: u64,
    #[codec(compact)]
    locked: u64,
    #[codec(compact)]
    emission: u64,
    #[codec(compact)]
    tao_emission: u64,
    #[codec(compact)]
    drain: u64,
    is_registered: bool,
}

/// The answer of `StakeInfoRuntimeApi` about a coldkey on a subnet.
#[derive(TypeInfo)]
#[allow(dead_code)]
pub(super) struct StakeAvailability {
    #[codec(compact)]
    total: u64,
    #[codec(compact)]
    locked: u64,
    #[codec(compact)]
    available: u64,
}

/// The answer of `SubnetInfoRuntimeApi` about a subnet, as far as it is simulated.
#[derive(TypeInfo)]
#[allow(dead_code)]
pub(super) struct DynamicInfo {
    #[codec(compact)]
    netuid: u16,
    #[codec(compact)]
    tempo: u16,
    #[codec(compact)]
    last_step: u64,
    #[codec(compact)]
    blocks_since_last_step: u64,
    #[codec(compact)]
    network_registered_at: u64,
}

/// The calls of the runtime: none, since no extrinsic comes from outside.
#[derive(TypeInfo)]
#[allow(dead_code)]
pub(super) enum RuntimeCall {}

#[derive(TypeInfo)]
#[allow(dead_code)]
pub(super) enum RuntimeError {
    Other,
}
