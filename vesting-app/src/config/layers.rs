//! The layers of the configuration, merged; every value knows where it comes from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use vesting_core::NetUid;

use super::args::ConfigArgs;
use super::file;
use super::key::{KEYS, Key, policy_keys};
use super::key_name::find_key;
use super::mistake::{Mistake, Mistakes};
use super::setting::{Setting, SettingMap, put_network_first, set};

/// The settings of all subnets, and of those with a table.
#[derive(Debug, Default)]
pub struct Layers {
    pub common: SettingMap,
    /// All settings of a subnet: its own table over the common ones.
    pub subnets: BTreeMap<NetUid, SettingMap>,
    /// The file that was read.
    pub file: Option<PathBuf>,
}

/// The layers that come before the file, the strongest last: variables, flags, and `--set`.
struct Overrides(Vec<(&'static Key, Setting)>);

impl Layers {
    /// Reads every layer.
    pub fn read(
        args: &ConfigArgs,
        environment: &BTreeMap<String, String>,
        changed: &[String],
        mistakes: &mut Mistakes,
    ) -> Self {
        let setting =
            |value: &str, source: &str| Setting { value: value.to_owned(), source: source.to_owned() };
        let mut common: SettingMap = KEYS
            .iter()
            .filter_map(|key| key.default.map(|value| (key.name, setting(value, "default"))))
            .collect();
        for (name, key) in [("BT_NETWORK", "network"), ("BT_CHAIN_ENDPOINT", "endpoints")] {
            if let Some(value) = environment.get(name) {
                common.insert(key, setting(value, name));
            }
        }
        let path = file::path(args.config.as_deref());
        let tables = path.as_deref().map(|path| file::read(path, &mut common, mistakes)).unwrap_or_default();
        let mut layers = Self { common, file: path, ..Self::default() };
        let overrides = Overrides::read(args, environment, changed, mistakes);
        for (netuid, own) in tables {
            let mut values = layers.common.clone();
            values.extend(own);
            overrides.apply(&mut values);
            layers.subnets.insert(netuid, values);
        }
        overrides.apply(&mut layers.common);
        layers
    }

    /// The settings of a subnet, or the common ones.
    pub fn values(&self, netuid: Option<NetUid>) -> &SettingMap {
        netuid.and_then(|netuid| self.subnets.get(&netuid)).unwrap_or(&self.common)
    }
}

impl Overrides {
    fn read(
        args: &ConfigArgs,
        environment: &BTreeMap<String, String>,
        changed: &[String],
        mistakes: &mut Mistakes,
    ) -> Self {
        let mut overrides = Vec::new();
        for (name, value) in environment {
            let Some(key) = name.strip_prefix("VESTING_").map(str::to_lowercase) else { continue };
            // Not settings: tests use them.
            if key.starts_with("test_") {
                continue;
            }
            if let Some(key) = mistakes.note_err(find_key(&key, name)) {
                overrides.push((key, Setting { value: value.clone(), source: name.clone() }));
            }
        }
        put_network_first(&mut overrides);
        let flags = args.keys.iter().map(|(key, value)| {
            (key, Setting { value: value.to_owned(), source: format!("--{}", key.flag()) })
        });
        overrides.extend(flags);
        overrides.extend(changed.iter().filter_map(|text| mistakes.note_err(change(text))));
        Self(overrides)
    }

    fn apply(&self, values: &mut SettingMap) {
        self.0.iter().for_each(|(key, setting)| set(values, key, setting.clone()));
    }
}

/// Parses the argument of `--set`.
fn change(text: &str) -> Result<(&'static Key, Setting), Mistake> {
    let source = "--set".to_owned();
    let Some((key, value)) = text.split_once('=') else {
        return Err(Mistake::plain(format!(
            "`--set {text}`: write a key and its value, as in --set max_multiplier=2"
        )));
    };
    // The spelling of flags, with dashes, is accepted too.
    let key = find_key(&key.trim().replace('-', "_"), &source)?;
    if !policy_keys().any(|name| name == key.name) {
        return Err(Mistake::of(key.name, format!("{source}: `{}` is no key of the policy", key.name)));
    }
    Ok((key, Setting { value: value.to_owned(), source }))
}
