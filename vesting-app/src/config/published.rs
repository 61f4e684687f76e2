//! A policy as a file to publish, pinned by its digest.

use vesting_core::NetUid;
use vesting_core::policy::Policy;

use super::key::{KEYS, PIN};
use super::layers::Layers;
use super::template::written;

/// The policy in force for a subnet, or the common one, as lines of `vesting.toml`. Every key that is set is written
/// out, so that no other default changes it, and the digest pins them.
pub fn published(layers: &Layers, policy: &Policy, netuid: Option<NetUid>) -> String {
    let values = layers.values(netuid);
    let table = netuid.map_or_else(String::new, |netuid| format!("[subnet.{netuid}]\n"));
    let lines = KEYS.iter().filter(|key| key.of_policy && key.name != PIN && key.name != "shadow");
    let lines: String = lines
        .filter_map(|key| {
            Some(format!("{} = {}\n", key.name, written(key, values.get(key.name)?.value.trim())))
        })
        .collect();
    format!(
        "# A policy of vesting. Put these lines at the end of vesting.toml, or name this file with --config.\n\
         # Under another policy than the one with this digest, nothing runs.\n\
         {table}{PIN} = \"{}\"\n{lines}",
        policy.digest()
    )
}
