//! The counters of a subnet.

use std::collections::BTreeMap;

use vesting_core::ports::ChainError;
use vesting_core::{BlockNumber, NetUid, SubnetCounters};

use crate::runtimes::runtime::Runtime;
use crate::state::reader::Reader;

/// How often a subnet was registered on a netuid: it is kept when a subnet goes.
const REGISTRATIONS: &str = "RegisteredSubnetCounter";

const ITEMS: [&str; 8] = [
    REGISTRATIONS,
    "NetworksAdded",
    "Tempo",
    "BlocksSinceLastStep",
    "LastMechansimStepBlock",
    "LastEpochBlock",
    "SubnetEpochIndex",
    "NetworkRegisteredAt",
];

/// The keys of the counters by item, as far as the runtime has them.
pub(crate) fn keys(runtime: &Runtime, netuid: NetUid) -> Result<BTreeMap<&'static str, Vec<u8>>, ChainError> {
    ITEMS
        .into_iter()
        .filter(|item| runtime.stores(item))
        .map(|item| Ok((item, runtime.key(item, &[&netuid.0.to_le_bytes()])?)))
        .collect()
}

/// The counters; `None` if the subnet does not exist. If storage lacks some of them, the runtime is asked.
pub(crate) async fn read(reader: &Reader<'_>, netuid: NetUid) -> Result<Option<SubnetCounters>, ChainError> {
    if reader.runtime.capabilities().counters {
        return by_storage(reader, netuid);
    }
    let Some(asked) = reader.runtime_api().counters(netuid).await? else { return Ok(None) };
    // The number of epochs is in storage only.
    let keys = keys(&reader.runtime, netuid)?;
    let number = |item: &'static str| {
        keys.get(item).map(|key| reader.value::<u64>(item, key).map(Option::unwrap_or_default)).transpose()
    };
    Ok(Some(SubnetCounters {
        last_epoch_block: number("LastEpochBlock")?.map(BlockNumber),
        epoch_index: number("SubnetEpochIndex")?,
        ..asked
    }))
}

/// How often a subnet was registered on a netuid so far; `None` if the runtime does not count that.
pub(crate) fn registrations(reader: &Reader<'_>, netuid: NetUid) -> Result<Option<u64>, ChainError> {
    let key = keys(&reader.runtime, netuid)?.remove(REGISTRATIONS);
    key.map(|key| reader.value(REGISTRATIONS, &key).map(Option::unwrap_or_default)).transpose()
}

/// Whether a subnet exists in the state of a fresh reader.
pub(crate) async fn exists(mut reader: Reader<'_>, netuid: NetUid) -> Result<bool, ChainError> {
    let keys = keys(&reader.runtime, netuid)?.into_values().collect();
    reader.ensure(keys).await?;
    Ok(read(&reader, netuid).await?.is_some())
}

fn by_storage(reader: &Reader<'_>, netuid: NetUid) -> Result<Option<SubnetCounters>, ChainError> {
    let keys = keys(&reader.runtime, netuid)?;
    let number = |item: &'static str| -> Result<Option<u64>, ChainError> {
        keys.get(item).map_or(Ok(None), |key| reader.value(item, key))
    };
    let tempo = keys.get("Tempo").map_or(Ok(None), |key| reader.value::<u16>("Tempo", key))?;
    let exists = match keys.get("NetworksAdded") {
        Some(key) => reader.value("NetworksAdded", key)?.unwrap_or(false),
        None => tempo.is_some(),
    };
    if !exists {
        return Ok(None);
    }
    let counted = |item: &'static str| {
        if keys.contains_key(item) { number(item).map(|value| Some(value.unwrap_or(0))) } else { Ok(None) }
    };
    Ok(Some(SubnetCounters {
        tempo: tempo.unwrap_or(0),
        blocks_since_last_step: number("BlocksSinceLastStep")?.unwrap_or(0),
        last_step_block: BlockNumber(number("LastMechansimStepBlock")?.unwrap_or(0)),
        last_epoch_block: counted("LastEpochBlock")?.map(BlockNumber),
        epoch_index: counted("SubnetEpochIndex")?,
        registered_at: BlockNumber(number("NetworkRegisteredAt")?.unwrap_or(0)),
    }))
}
