//! Reads the settings from every layer, and collects the mistakes.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::args::ConfigArgs;
use super::layers::Layers;
use super::mistake::{Mistake, Mistakes};
use super::pin;
use super::settings::{self, Config};
use crate::exit::UsageError;

/// Reads the settings.
///
/// # Errors
/// Names every mistake: the key, its value and its source.
pub fn load(
    args: &ConfigArgs,
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Config, UsageError> {
    let (layers, config, mut mistakes) = read(args, environment, &[]);
    check_keep_days(&config, &mut mistakes);
    pin::check(&layers, &config, &mut mistakes);
    mistakes.or_value(config)
}

/// Reads the settings with policy keys set over all layers, as `key=value`. Such a policy is only tried on
/// the existing record, so `keep_snapshots_days` need not be enough for it, and it is not the one that is pinned.
///
/// # Errors
/// Names every mistake: the key, its value and where it stands.
pub fn load_changed(
    args: &ConfigArgs,
    environment: impl Iterator<Item = (OsString, OsString)>,
    changed: &[String],
) -> Result<Config, UsageError> {
    let (_, config, mistakes) = read(args, environment, changed);
    mistakes.or_value(config)
}

/// Reads the settings as the daemon does, and returns every mistake. A setting with a mistake has its
/// default.
pub fn examine(
    args: &ConfigArgs,
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> (Layers, Config, Mistakes) {
    let (layers, config, mut mistakes) = read(args, environment, &[]);
    check_keep_days(&config, &mut mistakes);
    // A misplaced key in a subnet's table has no effect on `bind`.
    let bears = |mistake: &Mistake| {
        let keys = ["bind", "api_token", "allow_public_without_token"];
        mistake.netuid.is_none() && mistake.key.as_deref().is_some_and(|key| keys.contains(&key))
    };
    if !mistakes.all().iter().any(bears) {
        mistakes.note_err(config.is_safe_to_serve());
    }
    pin::check(&layers, &config, &mut mistakes);
    (layers, config, mistakes)
}

/// Checks that enough of the record is kept, if the keys involved have no mistakes.
fn check_keep_days(config: &Config, mistakes: &mut Mistakes) {
    if !mistakes.any_of(&["keep_snapshots_days", "retention_window_days", "netuids"]) {
        mistakes.note_err(config.check_keep_days());
    }
}

/// The variables that the program reads. Others may hold anything, even if it is not UTF-8.
fn our_variables(
    environment: impl Iterator<Item = (OsString, OsString)>,
    mistakes: &mut Mistakes,
) -> BTreeMap<String, String> {
    let mut ours = BTreeMap::new();
    for (name, value) in environment {
        let Some(name) =
            name.to_str().filter(|name| ["VESTING_", "BT_"].iter().any(|start| name.starts_with(start)))
        else {
            continue;
        };
        let unreadable = |_| Mistake::plain(format!("`{name}` is not UTF-8: set it to text, or unset it"));
        let value = mistakes.note_err(value.into_string().map_err(unreadable));
        ours.extend(value.map(|value| (name.to_owned(), value)));
    }
    ours
}

fn read(
    args: &ConfigArgs,
    environment: impl Iterator<Item = (OsString, OsString)>,
    changed: &[String],
) -> (Layers, Config, Mistakes) {
    let mut mistakes = Mistakes::default();
    let environment = our_variables(environment, &mut mistakes);
    let layers = Layers::read(args, &environment, changed, &mut mistakes);
    let config = settings::parse(&layers, &mut mistakes);
    (layers, config, mistakes)
}
