//! The layers of the configuration, put over each other, with where every value comes from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use vesting_core::NetUid;

use super::file;
use super::key::{KEYS, Key};
use super::mistake::{Mistake, Mistakes};
use crate::cli::ConfigArgs;

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
pub type Layered = BTreeMap<&'static str, Setting>;

/// What holds for all subnets, and for those with a table.
#[derive(Debug, Default)]
pub struct Layers {
    pub common: Layered,
    /// All of a subnet, its own table over the common part.
    pub subnets: BTreeMap<NetUid, Layered>,
    /// The file that was read.
    pub file: Option<PathBuf>,
}

/// What comes before the file, the strongest last.
struct Over(Vec<(&'static Key, Setting)>);

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
        let mut common: Layered = KEYS
            .iter()
            .filter_map(|key| key.default.map(|value| (key.name, setting(value, "default"))))
            .collect();
        for (name, key) in [("BT_NETWORK", "network"), ("BT_CHAIN_ENDPOINT", "endpoints")] {
            if let Some(value) = environment.get(name) {
                common.insert(key, setting(value, name));
            }
        }
        let mut layers = Self { common, ..Self::default() };
        let tables = file::read(args.config.as_deref(), &mut layers, mistakes);
        let over = Over::read(args, environment, changed, mistakes);
        for (netuid, own) in tables {
            let mut values = layers.common.clone();
            values.extend(own);
            over.lay(&mut values);
            layers.subnets.insert(netuid, values);
        }
        over.lay(&mut layers.common);
        layers
    }
}

impl Over {
    fn read(
        args: &ConfigArgs,
        environment: &BTreeMap<String, String>,
        changed: &[String],
        mistakes: &mut Mistakes,
    ) -> Self {
        let mut over = Vec::new();
        for (name, value) in environment {
            let Some(key) = name.strip_prefix("VESTING_").map(str::to_lowercase) else { continue };
            // Not settings: tests and the shell use them.
            if key.starts_with("test_") {
                continue;
            }
            if let Some(key) = mistakes.keep(known(&key, name)) {
                over.push((key, Setting { value: value.clone(), source: name.clone() }));
            }
        }
        network_first(&mut over);
        let flags = args.keys.iter().map(|(key, value)| {
            (key, Setting { value: value.to_owned(), source: format!("--{}", key.flag()) })
        });
        over.extend(flags);
        over.extend(changed.iter().filter_map(|text| mistakes.keep(change(text))));
        Self(over)
    }

    fn lay(&self, values: &mut Layered) {
        self.0.iter().for_each(|(key, setting)| set(values, key, setting.clone()));
    }
}

/// What `--set` says.
fn change(text: &str) -> Result<(&'static Key, Setting), Mistake> {
    let source = "--set".to_owned();
    let Some((key, value)) = text.split_once('=') else {
        return Err(Mistake::plain(format!(
            "`--set {text}`: write a key and its value, as in --set max_multiplier=2"
        )));
    };
    // As the flags are spelt, too.
    let key = known(&key.trim().replace('-', "_"), &source)?;
    if !key.of_policy {
        return Err(Mistake::of(key.name, format!("{source}: `{}` is no key of the policy", key.name)));
    }
    Ok((key, Setting { value: value.to_owned(), source }))
}

/// Within a layer nothing comes before something else, so endpoints beside a `network` stay.
pub fn network_first(layer: &mut [(&'static Key, Setting)]) {
    layer.sort_by_key(|(key, _)| key.name != "network");
}

/// A later layer's `network` replaces the endpoints of the layers before: whoever names a network
/// means it.
pub fn set(values: &mut Layered, key: &Key, setting: Setting) {
    if key.name == "network" {
        values.remove("endpoints");
    }
    if let Some(key) = Key::named(key.name) {
        values.insert(key.name, setting);
    }
}

/// The key of this name.
pub fn known(name: &str, source: &str) -> Result<&'static Key, Mistake> {
    if let Some(key) = Key::named(name) {
        return Ok(key);
    }
    let near = KEYS.iter().find(|key| name.len() > 3 && key.name.contains(name) || name.contains(key.name));
    let near = near.or_else(|| KEYS.iter().find(|key| is_near(key.name, name)));
    let hint = near.map_or_else(
        || "`vesting config init --output -` lists the keys".to_owned(),
        |near| format!("did you mean `{}`?", near.name),
    );
    Err(Mistake::of(name, format!("{source}: unknown key `{name}`; {hint}")))
}

/// Whether one is the other with a letter or two amiss.
fn is_near(a: &str, b: &str) -> bool {
    let start = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let rest = (a.len().saturating_sub(start), b.len().saturating_sub(start));
    let end =
        a.bytes().rev().zip(b.bytes().rev()).take_while(|(a, b)| a == b).count().min(rest.0).min(rest.1);
    rest.0.saturating_sub(end) <= 2 && rest.1.saturating_sub(end) <= 2
}
