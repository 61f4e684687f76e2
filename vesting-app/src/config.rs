//! Settings from flags, the environment, a file, the Bittensor names, and defaults, in this order.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use vesting_core::policy::{BelowMinimum, Policy};
use vesting_core::{BlockNumber, NetUid, Ppb, Rao};

use crate::UsageError;
use crate::cli::ConfigArgs;

const FINNEY: [&str; 3] =
    ["wss://entrypoint-finney.opentensor.ai:443", "wss://lite.chain.opentensor.ai:443", "wss://lite.sub.latent.to:443"];
const ARCHIVE: [&str; 2] = ["wss://archive.chain.opentensor.ai:443", "wss://archive.sub.latent.to:443"];
const TEST: [&str; 1] = ["wss://test.finney.opentensor.ai:443"];
const LOCAL: [&str; 1] = ["ws://127.0.0.1:9944"];

/// Keys that are understood, with their defaults; none means unset.
const KEYS: [(&str, Option<&str>); 14] = [
    ("network", Some("finney")),
    ("endpoints", None),
    ("archive_endpoints", None),
    ("netuids", None),
    ("database_url", Some("sqlite://vesting.db")),
    ("minimum_stake", Some("0.3")),
    ("retention_window_days", Some("30")),
    ("retention_target", Some("0.9")),
    ("max_multiplier", Some("1.5")),
    ("below_minimum", Some("no_multiplier")),
    ("effective_from_block", None),
    ("shadow", Some("false")),
    ("query_interval_seconds", Some("300")),
    ("max_requests_in_flight", Some("8")),
];

/// Keys of the design whose only value so far is the default.
const ONLY_DEFAULT: [(&str, &str); 3] = [("formula", "geometric_mean"), ("duration_rule", "default"), ("redistribution", "normalise")];

/// Everything the program goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    pub endpoints: Vec<String>,
    pub netuids: Vec<NetUid>,
    pub database_url: String,
    pub policy: Policy,
    pub query_interval: Duration,
    pub max_requests_in_flight: usize,
}

/// A value and where it came from.
type Layered = BTreeMap<String, (String, String)>;

/// Reads the settings.
///
/// # Errors
/// Names the key, its value and where it stands.
pub fn load(args: &ConfigArgs, environment: impl Iterator<Item = (String, String)>) -> Result<Config, UsageError> {
    let environment: BTreeMap<String, String> = environment.collect();
    let mut values: Layered =
        KEYS.iter().filter_map(|(key, default)| default.map(|d| ((*key).to_owned(), (d.to_owned(), "default".to_owned())))).collect();
    if let Some(network) = environment.get("BT_NETWORK") {
        values.insert("network".into(), (network.clone(), "BT_NETWORK".into()));
    }
    if let Some(endpoint) = environment.get("BT_CHAIN_ENDPOINT") {
        values.insert("endpoints".into(), (endpoint.clone(), "BT_CHAIN_ENDPOINT".into()));
    }
    read_file(args.config.as_deref(), &mut values)?;
    for (name, value) in &environment {
        if let Some(key) = name.strip_prefix("VESTING_").map(str::to_lowercase) {
            // Not settings: tests and the shell use them.
            if key.starts_with("test_") {
                continue;
            }
            known(&key, value, name)?;
            set(&mut values, &key, value.clone(), name.clone());
        }
    }
    let flags = [
        ("network", &args.network),
        ("endpoints", &args.endpoints),
        ("archive_endpoints", &args.archive_endpoints),
        ("netuids", &args.netuids),
        ("database_url", &args.database_url),
        ("minimum_stake", &args.minimum_stake),
        ("retention_window_days", &args.retention_window_days),
        ("retention_target", &args.retention_target),
        ("max_multiplier", &args.max_multiplier),
        ("below_minimum", &args.below_minimum),
        ("effective_from_block", &args.effective_from_block),
        ("shadow", &args.shadow),
        ("query_interval_seconds", &args.query_interval_seconds),
        ("max_requests_in_flight", &args.max_requests_in_flight),
    ];
    for (key, value) in flags {
        if let Some(value) = value {
            set(&mut values, key, value.clone(), format!("--{}", key.replace('_', "-")));
        }
    }
    parse(&values)
}

/// A later layer's `network` replaces the endpoints of the layers before: whoever names a network
/// means it.
fn set(values: &mut Layered, key: &str, value: String, source: String) {
    if key == "network" {
        values.remove("endpoints");
    }
    values.insert(key.to_owned(), (value, source));
}

fn known(key: &str, value: &str, source: &str) -> Result<(), UsageError> {
    if KEYS.iter().any(|(known, _)| *known == key) {
        return Ok(());
    }
    match ONLY_DEFAULT.iter().find(|(known, _)| *known == key) {
        Some((_, only)) if value == *only => Ok(()),
        Some((_, only)) => Err(UsageError(format!("{source}: `{key} = {value}` is not supported by this version yet, only `{only}`"))),
        None => {
            let near = KEYS.iter().map(|(known, _)| *known).find(|known| known.contains(key) || key.contains(known));
            let hint = near.map_or_else(|| "see `vesting --help` for the keys".to_owned(), |near| format!("did you mean `{near}`?"));
            Err(UsageError(format!("{source}: unknown key `{key}`; {hint}")))
        }
    }
}

fn read_file(given: Option<&Path>, values: &mut Layered) -> Result<(), UsageError> {
    let default = Path::new("vesting.toml");
    let path = match given {
        Some(path) => path,
        None if default.exists() => default,
        None => return Ok(()),
    };
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|e| UsageError(format!("cannot read the configuration file {shown}: {e}")))?;
    let table: toml::Table = text.parse().map_err(|e| UsageError(format!("{shown} is not TOML: {e}")))?;
    for (key, value) in table {
        let text = match value {
            toml::Value::String(text) => text,
            // Display gives the shortest decimal that means the same, so 0.3 stays 0.3.
            toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) => value.to_string(),
            toml::Value::Array(items) => items
                .into_iter()
                .map(|item| match item {
                    toml::Value::String(text) => Ok(text),
                    toml::Value::Integer(number) => Ok(number.to_string()),
                    other => Err(UsageError(format!("{shown}: `{key}` has an item {other} that is neither text nor a whole number"))),
                })
                .collect::<Result<Vec<_>, _>>()?
                .join(","),
            other => return Err(UsageError(format!("{shown}: `{key}` cannot be {other}"))),
        };
        known(&key, &text, &shown.to_string())?;
        set(values, &key, text, shown.to_string());
    }
    Ok(())
}

fn parse(values: &Layered) -> Result<Config, UsageError> {
    let get = |key: &str| values.get(key).map(|(value, source)| (value.trim(), source.as_str()));
    let wrong = |key: &str, why: &dyn std::fmt::Display| {
        let (value, source) = get(key).unwrap_or_default();
        UsageError(format!("`{key} = {value}` ({source}): {why}"))
    };
    let decimal = |key: &str| get(key).map_or(Ok(Ppb(0)), |(value, _)| value.parse::<Ppb>().map_err(|e| wrong(key, &e)));
    let whole =
        |key: &str| get(key).map_or(Ok(0u64), |(value, _)| value.parse::<u64>().map_err(|_| wrong(key, &"it must be a whole number")));
    let list = |key: &str| -> Vec<String> {
        get(key)
            .map(|(value, _)| value.split(',').map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned).collect())
            .unwrap_or_default()
    };

    let mut endpoints = list("endpoints");
    if endpoints.is_empty() {
        let (network, _) = get("network").unwrap_or_default();
        let named: &[&str] = match network {
            "finney" => &FINNEY,
            "archive" => &ARCHIVE,
            "test" => &TEST,
            "local" => &LOCAL,
            url if url.starts_with("ws://") || url.starts_with("wss://") => &[url],
            _ => return Err(wrong("network", &"it must be finney, test, archive, local, or a ws:// or wss:// URL")),
        };
        endpoints = named.iter().map(|url| (*url).to_owned()).collect();
        if network == "finney" && list("archive_endpoints").is_empty() {
            endpoints.extend(ARCHIVE.map(str::to_owned));
        }
    }
    endpoints.extend(list("archive_endpoints"));
    if let Some(bad) = endpoints.iter().find(|url| !url.starts_with("ws://") && !url.starts_with("wss://")) {
        let key = if list("archive_endpoints").contains(bad) { "archive_endpoints" } else { "endpoints" };
        return Err(wrong(key, &"each must be a ws:// or wss:// URL"));
    }
    let mut netuids = Vec::new();
    for text in list("netuids") {
        let netuid = NetUid(text.parse().map_err(|_| wrong("netuids", &format!("`{text}` is not a subnet, a number from 0 to 65535")))?);
        if !netuids.contains(&netuid) {
            netuids.push(netuid);
        }
    }
    let below_minimum = BelowMinimum::ALL
        .into_iter()
        .find(|rule| get("below_minimum").is_some_and(|(value, _)| value == rule.name()))
        .ok_or_else(|| wrong("below_minimum", &"it must be no_multiplier or zero_weight"))?;
    let shadow = match get("shadow") {
        Some(("true", _)) => true,
        Some(("false", _)) => false,
        _ => return Err(wrong("shadow", &"it must be true or false")),
    };
    let policy = Policy {
        minimum_stake: Rao(decimal("minimum_stake")?.0),
        retention_window: Policy::days(decimal("retention_window_days")?)
            .ok_or_else(|| wrong("retention_window_days", &"it is too long"))?,
        retention_target: decimal("retention_target")?,
        max_multiplier: decimal("max_multiplier")?,
        below_minimum,
        effective_from_block: if get("effective_from_block").is_some() { Some(BlockNumber(whole("effective_from_block")?)) } else { None },
        shadow,
        ..Policy::default()
    };
    policy.check().map_err(|error| wrong(error.key, &error.why))?;
    let in_flight = whole("max_requests_in_flight")?;
    if !(1..=1024).contains(&in_flight) {
        return Err(wrong("max_requests_in_flight", &"it must be from 1 to 1024"));
    }
    let interval = whole("query_interval_seconds")?;
    if !(1..=86_400).contains(&interval) {
        return Err(wrong("query_interval_seconds", &"it must be from 1 to 86400"));
    }
    Ok(Config {
        endpoints,
        netuids,
        database_url: get("database_url").unwrap_or_default().0.to_owned(),
        policy,
        query_interval: Duration::from_secs(interval),
        max_requests_in_flight: usize::try_from(in_flight).unwrap_or(8),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load_with(set: impl FnOnce(&mut ConfigArgs), environment: &[(&str, &str)]) -> Result<Config, UsageError> {
        let mut args = ConfigArgs::default();
        set(&mut args);
        load(&args, environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    }

    #[test]
    fn flags_come_before_the_environment_and_that_before_bittensor_names() {
        let config = load_with(|a| a.netuids = Some("2,3".into()), &[("VESTING_NETUIDS", "9"), ("BT_NETWORK", "test")]).unwrap();
        assert_eq!(config.netuids, [NetUid(2), NetUid(3)]);
        assert_eq!(config.endpoints, TEST);
        let config = load_with(|_| {}, &[("VESTING_NETWORK", "local"), ("BT_CHAIN_ENDPOINT", "ws://elsewhere:1")]).unwrap();
        assert_eq!(config.endpoints, LOCAL);
    }

    #[test]
    fn decimals_are_read_exactly() {
        let config = load_with(|a| a.retention_window_days = Some("0.02".into()), &[]).unwrap();
        assert_eq!(config.policy.retention_window.0, 1_728_000);
        assert_eq!(config.policy.minimum_stake, Rao(300_000_000));
    }

    #[test]
    fn mistakes_name_the_key() {
        let bad = [
            load_with(|a| a.network = Some("mainnet".into()), &[]),
            load_with(|a| a.netuids = Some("two".into()), &[]),
            load_with(|a| a.retention_target = Some("1.5".into()), &[]),
            load_with(|a| a.max_multiplier = Some("0.5".into()), &[]),
            load_with(|_| {}, &[("VESTING_RETENTION", "1")]),
            load_with(|_| {}, &[("VESTING_FORMULA", "tiered")]),
            load_with(|a| a.config = Some("/nonexistent/vesting.toml".into()), &[]),
        ];
        let words = ["network", "netuids", "retention_target", "max_multiplier", "retention", "formula", "vesting.toml"];
        for (result, word) in bad.into_iter().zip(words) {
            let error = result.unwrap_err().0;
            assert!(error.contains(word), "{error}");
        }
    }
}
