//! The neurons of a subnet and its owner.

use vesting_core::ports::ChainError;
use vesting_core::{Coldkey, Hotkey, NetUid, Neuron, SubnetOwner, Uid};

use crate::runtimes::runtime::Runtime;
use crate::state::reader::Reader;

/// The items that name the owner of a subnet.
const OWNER: [&str; 2] = ["SubnetOwner", "SubnetOwnerHotkey"];

/// The keys of the neurons and the owner, as far as they are known before reading: those of `expected`
/// neurons.
pub(crate) fn expected_keys(
    runtime: &Runtime,
    netuid: NetUid,
    expected: &[Neuron],
) -> Result<Vec<Vec<u8>>, ChainError> {
    let mut keys = vec![runtime.key("SubnetworkN", &[&netuid.0.to_le_bytes()])?];
    for item in OWNER.into_iter().filter(|item| runtime.stores(item)) {
        keys.push(runtime.key(item, &[&netuid.0.to_le_bytes()])?);
    }
    for neuron in expected {
        keys.push(runtime.key("Keys", &[&netuid.0.to_le_bytes(), &neuron.uid.0.to_le_bytes()])?);
        keys.push(runtime.key("Owner", &[&neuron.hotkey.0])?);
    }
    Ok(keys)
}

/// The neurons by uid, and the subnet's owner.
pub(crate) async fn read(
    reader: &mut Reader<'_>,
    netuid: NetUid,
) -> Result<(Vec<Neuron>, Option<SubnetOwner>), ChainError> {
    let runtime = reader.runtime.clone();
    reader.ensure(expected_keys(&runtime, netuid, &[])?).await?;
    let count: u16 =
        reader.value("SubnetworkN", &runtime.key("SubnetworkN", &[&netuid.0.to_le_bytes()])?)?.unwrap_or(0);
    let account = |item| -> Result<Option<[u8; 32]>, ChainError> {
        if !runtime.stores(item) {
            return Ok(None);
        }
        reader.value(item, &runtime.key(item, &[&netuid.0.to_le_bytes()])?)
    };
    let [coldkey, hotkey] = OWNER.map(account);
    let hotkey = hotkey?.map(Hotkey);
    let owner = coldkey?.map(|coldkey| SubnetOwner { coldkey: Coldkey(coldkey), hotkey });
    let keys = (0..count)
        .map(|uid| Ok((Uid(uid), runtime.key("Keys", &[&netuid.0.to_le_bytes(), &uid.to_le_bytes()])?)))
        .collect::<Result<Vec<_>, ChainError>>()?;
    reader.ensure(keys.iter().map(|(_, key)| key.clone()).collect()).await?;
    let mut hotkeys = Vec::with_capacity(keys.len());
    for (uid, key) in keys {
        let Some(hotkey) = reader.value::<[u8; 32]>("Keys", &key)? else {
            let why = format!(
                "subnet {netuid} has {count} uids in the state of block {}, but no hotkey for uid {uid}",
                reader.number
            );
            return Err(ChainError::Malformed(why));
        };
        hotkeys.push((uid, Hotkey(hotkey), runtime.key("Owner", &[&hotkey])?));
    }
    reader.ensure(hotkeys.iter().map(|(.., key)| key.clone()).collect()).await?;
    // Nearly every hotkey has an owner. If one has none, that is read twice.
    let ownerless: Vec<Vec<u8>> =
        hotkeys.iter().map(|(.., key)| key).filter(|key| reader.raw(key).is_none()).cloned().collect();
    if !ownerless.is_empty() {
        let mut again = reader.afresh();
        again.ensure(ownerless.clone()).await?;
        if ownerless.iter().any(|key| again.raw(key).is_some()) {
            return Err(reader.differs(format_args!("the owners of hotkeys of subnet {netuid}")));
        }
    }
    let mut neurons = Vec::with_capacity(hotkeys.len());
    for (uid, hotkey, key) in hotkeys {
        // A hotkey without an owner belongs to no holder.
        if let Some(coldkey) = reader.value("Owner", &key)? {
            neurons.push(Neuron { uid, hotkey, coldkey: Coldkey(coldkey) });
        }
    }
    Ok((neurons, owner))
}
