//! Metadata of the simulated runtime, made from the types that it encodes with.

use codec::Encode;
use frame_metadata::RuntimeMetadataPrefixed;
use frame_metadata::v15::{
    CustomMetadata, ExtrinsicMetadata, OuterEnums, PalletEventMetadata, PalletMetadata,
    PalletStorageMetadata, RuntimeApiMetadata, RuntimeApiMethodMetadata, RuntimeApiMethodParamMetadata,
    RuntimeMetadataV15, StorageEntryMetadata, StorageEntryModifier, StorageEntryType, StorageHasher,
};
use scale_info::form::MetaForm;
use scale_info::{MetaType, TypeInfo, meta_type};

use super::event::{
    AccountId32, EventRecord, NetUid, OrdersEvent, PalletEvent, RuntimeEvent, SystemEvent, TaoBalance,
};
use super::generation::Generation;
use super::stored_types::{
    AccountInfo, DynamicInfo, LastRuntimeUpgradeInfo, LockState, MinerCollateral, ProxyDefinition,
    RuntimeCall, RuntimeError, SafeFloat, StakeAvailability, StakeInfo,
};

const BLAKE: StorageHasher = StorageHasher::Blake2_128Concat;
const TWOX: StorageHasher = StorageHasher::Twox64Concat;
const PLAIN: StorageHasher = StorageHasher::Identity;

fn entry(
    name: &'static str,
    ty: StorageEntryType<MetaForm>,
    default: Option<Vec<u8>>,
) -> StorageEntryMetadata<MetaForm> {
    let modifier =
        if default.is_some() { StorageEntryModifier::Default } else { StorageEntryModifier::Optional };
    StorageEntryMetadata { name, modifier, ty, default: default.unwrap_or_default(), docs: Vec::new() }
}

fn value<T: TypeInfo + 'static>(
    name: &'static str,
    default: Option<Vec<u8>>,
) -> StorageEntryMetadata<MetaForm> {
    entry(name, StorageEntryType::Plain(meta_type::<T>()), default)
}

fn map<K: TypeInfo + 'static, T: TypeInfo + 'static>(
    name: &'static str,
    hashers: &[StorageHasher],
    default: Option<Vec<u8>>,
) -> StorageEntryMetadata<MetaForm> {
    let ty =
        StorageEntryType::Map { hashers: hashers.to_vec(), key: meta_type::<K>(), value: meta_type::<T>() };
    entry(name, ty, default)
}

fn pallet(
    name: &'static str,
    index: u8,
    entries: Vec<StorageEntryMetadata<MetaForm>>,
    event: Option<MetaType>,
) -> PalletMetadata<MetaForm> {
    PalletMetadata {
        name,
        storage: Some(PalletStorageMetadata { prefix: name, entries }),
        calls: None,
        event: event.map(|ty| PalletEventMetadata { ty }),
        constants: Vec::new(),
        error: None,
        index,
        docs: Vec::new(),
    }
}

fn subtensor() -> PalletMetadata<MetaForm> {
    type Pair = (AccountId32, AccountId32);
    type Position = (AccountId32, AccountId32, NetUid);
    type Pool = (AccountId32, NetUid);
    let zero = |bytes: usize| Some(vec![0u8; bytes]);
    let entries = vec![
        map::<NetUid, bool>("NetworksAdded", &[PLAIN], zero(1)),
        map::<NetUid, u64>("NetworkRegisteredAt", &[PLAIN], zero(8)),
        map::<NetUid, u64>("RegisteredSubnetCounter", &[PLAIN], zero(8)),
        map::<NetUid, u16>("Tempo", &[PLAIN], zero(2)),
        map::<NetUid, u64>("BlocksSinceLastStep", &[PLAIN], zero(8)),
        map::<NetUid, u64>("LastMechansimStepBlock", &[PLAIN], zero(8)),
        map::<NetUid, u64>("LastEpochBlock", &[PLAIN], zero(8)),
        map::<NetUid, u64>("SubnetEpochIndex", &[PLAIN], zero(8)),
        map::<NetUid, u16>("SubnetworkN", &[PLAIN], zero(2)),
        map::<(NetUid, u16), AccountId32>("Keys", &[PLAIN, PLAIN], zero(32)),
        map::<(NetUid, AccountId32), u16>("Uids", &[PLAIN, BLAKE], None),
        map::<AccountId32, AccountId32>("Owner", &[BLAKE], zero(32)),
        map::<AccountId32, Vec<AccountId32>>("OwnedHotkeys", &[BLAKE], zero(1)),
        map::<AccountId32, Vec<AccountId32>>("StakingHotkeys", &[BLAKE], zero(1)),
        map::<(AccountId32, NetUid), AccountId32>("AutoStakeDestination", &[BLAKE, PLAIN], None),
        map::<NetUid, AccountId32>("SubnetOwner", &[PLAIN], zero(32)),
        map::<NetUid, AccountId32>("SubnetOwnerHotkey", &[PLAIN], zero(32)),
        map::<Pair, u64>("LastColdkeyHotkeyStakeBlock", &[TWOX, TWOX], None),
        map::<Position, SafeFloat>("AlphaV2", &[BLAKE, BLAKE, PLAIN], zero(24)),
        map::<Pool, u64>("TotalHotkeyAlpha", &[BLAKE, PLAIN], zero(8)),
        map::<Pool, SafeFloat>("TotalHotkeySharesV2", &[BLAKE, PLAIN], zero(24)),
        map::<(AccountId32, NetUid, AccountId32), LockState>("Lock", &[BLAKE, PLAIN, BLAKE], None),
        map::<Pool, u64>("AlphaSharePoolEpoch", &[BLAKE, PLAIN], zero(8)),
        map::<Position, u64>("AlphaShareEpoch", &[BLAKE, BLAKE, PLAIN], zero(8)),
        map::<(NetUid, AccountId32, AccountId32), MinerCollateral>(
            "MinerCollateral",
            &[PLAIN, BLAKE, BLAKE],
            None,
        ),
        map::<(NetUid, AccountId32), u64>("ColdkeyMinerCollateral", &[PLAIN, BLAKE], zero(8)),
        map::<Vec<u8>, bool>("HasMigrationRun", &[PLAIN], zero(1)),
    ];
    pallet("SubtensorModule", 7, entries, Some(meta_type::<PalletEvent>()))
}

/// The metadata of a generation, version 15, with its prefix.
pub(crate) fn v15(generation: Generation) -> Vec<u8> {
    let system = pallet(
        "System",
        0,
        vec![
            value::<Vec<EventRecord>>("Events", Some(vec![0])),
            value::<u32>("Number", Some(vec![0; 4])),
            value::<[u8; 32]>("ParentHash", Some(vec![0; 32])),
            value::<LastRuntimeUpgradeInfo>("LastRuntimeUpgrade", None),
            map::<AccountId32, AccountInfo>("Account", &[BLAKE], Some(vec![0; 80])),
        ],
        Some(meta_type::<SystemEvent>()),
    );
    let timestamp = pallet("Timestamp", 2, vec![value::<u64>("Now", Some(vec![0; 8]))], None);
    let proxies =
        map::<AccountId32, (Vec<ProxyDefinition>, TaoBalance)>("Proxies", &[TWOX], Some(vec![0; 9]));
    let proxy = pallet("Proxy", 16, vec![proxies], None);
    let orders = pallet("LimitOrders", 32, Vec::new(), Some(meta_type::<OrdersEvent>()));
    let extrinsic = ExtrinsicMetadata {
        version: 4,
        address_ty: meta_type::<AccountId32>(),
        call_ty: meta_type::<RuntimeCall>(),
        signature_ty: meta_type::<[u8; 32]>(),
        extra_ty: meta_type::<()>(),
        signed_extensions: Vec::new(),
    };
    let parameter = |name, ty| RuntimeApiMethodParamMetadata { name, ty };
    let stake_info = RuntimeApiMetadata {
        name: "StakeInfoRuntimeApi",
        methods: vec![
            RuntimeApiMethodMetadata {
                name: "get_stake_availability_for_coldkeys",
                inputs: vec![
                    parameter("coldkey_accounts", meta_type::<Vec<AccountId32>>()),
                    parameter("netuids", meta_type::<Option<Vec<NetUid>>>()),
                ],
                output: meta_type::<
                    std::collections::BTreeMap<
                        AccountId32,
                        std::collections::BTreeMap<NetUid, StakeAvailability>,
                    >,
                >(),
                docs: Vec::new(),
            },
            RuntimeApiMethodMetadata {
                name: "get_stake_info_for_hotkey_coldkey_netuid",
                inputs: vec![
                    parameter("hotkey_account", meta_type::<AccountId32>()),
                    parameter("coldkey_account", meta_type::<AccountId32>()),
                    parameter("netuid", meta_type::<NetUid>()),
                ],
                output: meta_type::<Option<StakeInfo>>(),
                docs: Vec::new(),
            },
        ],
        docs: Vec::new(),
    };
    let subnet_info = RuntimeApiMetadata {
        name: "SubnetInfoRuntimeApi",
        methods: vec![RuntimeApiMethodMetadata {
            name: "get_dynamic_info",
            inputs: vec![parameter("netuid", meta_type::<NetUid>())],
            output: meta_type::<Option<DynamicInfo>>(),
            docs: Vec::new(),
        }],
        docs: Vec::new(),
    };
    let apis = vec![stake_info, subnet_info];
    let outer_enums = OuterEnums {
        call_enum_ty: meta_type::<RuntimeCall>(),
        event_enum_ty: meta_type::<RuntimeEvent>(),
        error_enum_ty: meta_type::<RuntimeError>(),
    };
    let custom = CustomMetadata { map: std::collections::BTreeMap::new() };
    let mut metadata = RuntimeMetadataV15::new(
        vec![system, timestamp, subtensor(), proxy, orders],
        extrinsic,
        meta_type::<()>(),
        apis,
        outer_enums,
        custom,
    );
    generation.reshape_metadata(&mut metadata);
    RuntimeMetadataPrefixed::from(metadata).encode()
}
