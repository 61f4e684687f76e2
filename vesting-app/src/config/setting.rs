//! A value and where it comes from; how one is put over another.

use std::collections::BTreeMap;
use std::fmt;

use super::key::Key;

/// A value and where it comes from.
#[derive(Clone, PartialEq, Eq)]
pub struct Setting {
    pub value: String,
    pub source: String,
}

/// A value may be a secret.
impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Setting(… from {})", self.source)
    }
}

/// Keys with their values.
pub type SettingMap = BTreeMap<&'static str, Setting>;

/// Within a layer nothing comes before something else, so endpoints beside a `network` stay.
pub fn put_network_first(layer: &mut [(&'static Key, Setting)]) {
    layer.sort_by_key(|(key, _)| key.name != "network");
}

/// A later layer's `network` replaces the endpoints of the layers before: whoever names a network
/// means it.
pub fn set(values: &mut SettingMap, key: &Key, setting: Setting) {
    if key.name == "network" {
        values.remove("endpoints");
    }
    if let Some(key) = Key::named(key.name) {
        values.insert(key.name, setting);
    }
}
