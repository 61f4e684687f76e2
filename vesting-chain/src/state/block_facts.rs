//! The facts of a block.

use std::collections::BTreeMap;

use vesting_core::ports::{Ask, ChainError};
use vesting_core::{BlockFacts, BlockHash, BlockRef, Millis, NetUid};

use crate::state::reader::Reader;
use crate::state::{counters, events};

/// The facts of a block, from keys that were read. If subnets were asked for apart, those whose counters
/// cannot be read are returned too, each with the error.
pub(crate) async fn block_facts(
    reader: &mut Reader<'_>,
    ask: &Ask,
) -> Result<(BlockFacts, BTreeMap<NetUid, ChainError>), ChainError> {
    let runtime = reader.runtime.clone();
    let number = reader.number;
    // Genesis has none of these.
    let lacks = |item: &str| match number.0 {
        0 => Ok(()),
        _ => Err(ChainError::Malformed(format!(
            "the state given for block {number} has no `{item}`, which every block has"
        ))),
    };
    let parent_hash = match reader.raw(&runtime.plain().parent_hash) {
        Some(bytes) => BlockHash(runtime.value_in("System", "ParentHash", bytes)?),
        None => lacks("System.ParentHash").map(|()| BlockHash::default())?,
    };
    let time = match reader.raw(&runtime.plain().now) {
        Some(bytes) => Millis(runtime.value_in("Timestamp", "Now", bytes)?),
        None => lacks("Timestamp.Now").map(|()| Millis(0))?,
    };
    let (mut subnets, mut registrations, mut unread) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for netuid in ask.subnets.keys() {
        let counters = counters::read(reader, *netuid).await;
        match counters.and_then(|counters| Ok((counters, counters::registrations(reader, *netuid)?))) {
            Ok((counters, count)) => {
                subnets.extend(counters.map(|counters| (*netuid, counters)));
                registrations.extend(count.map(|count| (*netuid, count)));
            }
            Err(error) if ask.apart => _ = unread.insert(*netuid, error),
            Err(error) => return Err(error),
        }
    }
    let events = match ask.events.then(|| reader.take(&runtime.plain().events)) {
        Some(Some(bytes)) => events::decode(&runtime, bytes)?,
        // Each extrinsic leaves an event, and each block has one that sets the time.
        Some(None) => lacks("System.Events").map(|()| Vec::new())?,
        None => Vec::new(),
    };
    let facts = BlockFacts {
        block: BlockRef { number: reader.number, hash: reader.hash },
        parent_hash,
        time,
        spec_version: runtime.spec_version(),
        measured: runtime.is_measured(),
        announces_incentive: runtime.capabilities().incentive_event,
        counters_asked: !runtime.capabilities().counters,
        subnets,
        registrations,
        events,
    };
    Ok((facts, unread))
}
