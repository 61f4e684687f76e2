//! The configuration in force, without secrets.

use serde::Serialize;
use vesting_secret::{HIDDEN, SecretUrl, hide};

use super::key::{KEYS, Key};
use super::layers::Layers;
use super::setting::SettingMap;
use super::settings::Config;

/// A key with its value and the source of the value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownSetting {
    /// The subnet whose policy has this value; `null` if it applies to all.
    pub netuid: Option<u16>,
    pub key: &'static str,
    /// The value as a flag takes it; `null` if unset.
    pub value: Option<String>,
    /// A flag, a variable, the file (with the table), `network` (which implies the value), or `default`.
    pub from: String,
}

/// Every key, then the policy keys that the subnets' tables change.
pub fn lines(layers: &Layers, config: &Config) -> Vec<ShownSetting> {
    let mut lines: Vec<ShownSetting> = KEYS.iter().map(|key| line(None, key, &layers.common)).collect();
    // Shows the endpoints that the network implies.
    if let Some(implied) = lines.iter_mut().find(|line| line.key == "endpoints" && line.value.is_none()) {
        let urls: Vec<String> = config.endpoints.iter().map(ToString::to_string).collect();
        implied.value = Some(urls.join(","));
        implied.from = "network".to_owned();
    }
    for (netuid, values) in &layers.subnets {
        let own =
            KEYS.iter().filter(|key| key.of_policy && values.get(key.name) != layers.common.get(key.name));
        lines.extend(own.map(|key| line(Some(netuid.0), key, values)));
    }
    lines
}

fn line(netuid: Option<u16>, key: &Key, values: &SettingMap) -> ShownSetting {
    let setting = values.get(key.name);
    ShownSetting {
        netuid,
        key: key.name,
        value: setting.map(|setting| may_be_seen(key, setting.value.trim())),
        from: setting.map_or_else(|| "default".to_owned(), |setting| setting.source.clone()),
    }
}

/// A value without the secrets in it.
fn may_be_seen(key: &Key, value: &str) -> String {
    match key.name {
        "database_url" => SecretUrl::new(value).to_string(),
        "network" if !value.contains("://") => value.to_owned(),
        "network" | "endpoints" | "archive_endpoints" => {
            value.split(',').map(|url| SecretUrl::new(url).to_string()).collect::<Vec<_>>().join(",")
        }
        _ if key.is_secret() => HIDDEN.to_owned(),
        _ => hide(value).into_owned(),
    }
}
