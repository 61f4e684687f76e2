//! A value and its source, and how a layer is applied.

use std::collections::BTreeMap;
use std::fmt;

use super::key::Key;

/// A value and its source.
#[derive(Clone, PartialEq, Eq)]
pub struct Setting {
    pub value: String,
    pub source: String,
}

/// Shows the source only: the value may be a secret.
impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Setting(… from {})", self.source)
    }
}

/// The keys that are set, with their values.
pub type SettingMap = BTreeMap<&'static str, Setting>;

/// Moves `network` to the front of a layer, so that it does not replace the endpoints of its own layer.
pub fn put_network_first(layer: &mut [(&'static Key, Setting)]) {
    layer.sort_by_key(|(key, _)| key.name != "network");
}

/// Sets a key. A `network` replaces the endpoints of the layers before: a user who names a network means that
/// network.
pub fn set(values: &mut SettingMap, key: &Key, setting: Setting) {
    if key.name == "network" {
        values.remove("endpoints");
    }
    if let Some(key) = Key::named(key.name) {
        values.insert(key.name, setting);
    }
}
