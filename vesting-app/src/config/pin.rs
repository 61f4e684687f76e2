//! The digest that a policy must have.

use vesting_core::NetUid;
use vesting_core::policy::Policy;

use super::key::PIN;
use super::layers::Layers;
use super::mistake::{Mistake, Mistakes};
use super::setting::SettingMap;
use super::settings::Config;
use super::values::Values;
use crate::output::is_hash;

/// Checks the pins of all policies in use. Only if nothing else is wrong: a key with a mistake has its default, and so
/// the policy another digest.
pub fn check(layers: &Layers, config: &Config, mistakes: &mut Mistakes) {
    if !mistakes.all().is_empty() {
        return;
    }
    for (netuid, policy) in config.policies_in_use() {
        if let Err(mistake) = fits(layers.values(netuid), netuid, policy) {
            mistakes.note(mistake);
        }
    }
}

fn fits(values: &SettingMap, netuid: Option<NetUid>, policy: &Policy) -> Result<(), Mistake> {
    let values = Values(values);
    let Some((pinned, _)) = values.get(PIN) else { return Ok(()) };
    let digest = policy.digest().to_string();
    if pinned.eq_ignore_ascii_case(&digest) {
        return Ok(());
    }
    if !is_hash(pinned) {
        return Err(
            values.wrong(PIN, &"it must be 0x and 64 hexadecimal digits, as `vesting stats` prints a digest")
        );
    }
    let whose = netuid.map_or_else(String::new, |netuid| format!(" of subnet {netuid}"));
    let why = format!(
        "the policy{whose} here has the digest {digest}: it is another one than was announced; `vesting config show` \
         tells where each key comes from"
    );
    Err(values.wrong(PIN, &why))
}
