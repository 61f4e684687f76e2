//! Settings from flags, the environment, a file, the Bittensor names, and defaults, in this order.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use vesting_core::formula::built_in;
use vesting_core::policy::{BelowMinimum, DurationRule, Policy, Redistribution};
use vesting_core::{BlockNumber, Millis, NetUid, Ppb, Rao, Uid};

use crate::UsageError;
use crate::cli::ConfigArgs;

const FINNEY: [&str; 3] =
    ["wss://entrypoint-finney.opentensor.ai:443", "wss://lite.chain.opentensor.ai:443", "wss://lite.sub.latent.to:443"];
const ARCHIVE: [&str; 2] = ["wss://archive.chain.opentensor.ai:443", "wss://archive.sub.latent.to:443"];
const TEST: [&str; 1] = ["wss://test.finney.opentensor.ai:443"];
const LOCAL: [&str; 1] = ["ws://127.0.0.1:9944"];

/// The keys of the policy.
pub fn policy_keys() -> impl Iterator<Item = &'static str> {
    POLICY_KEYS.iter().map(|(key, _)| *key)
}

/// Keys of the policy, with their defaults; none means unset. A `[subnet.N]` table may hold them too.
const POLICY_KEYS: [(&str, Option<&str>); 13] = [
    ("minimum_stake", Some("0.3")),
    ("retention_window_days", Some("30")),
    ("retention_target", Some("0.9")),
    ("max_multiplier", Some("1.5")),
    ("formula", Some("geometric_mean")),
    ("duration_rule", Some("default")),
    ("below_minimum", Some("no_multiplier")),
    ("redistribution", Some("normalise")),
    ("threshold_factor", Some("0")),
    ("absolute_threshold", Some("0")),
    ("burn_uid", None),
    ("effective_from_block", None),
    ("shadow", Some("false")),
];

/// The other keys.
const KEYS: [(&str, Option<&str>); 12] = [
    ("network", Some("finney")),
    ("endpoints", None),
    ("archive_endpoints", None),
    ("netuids", None),
    ("database_url", Some("sqlite://vesting.db")),
    ("keep_snapshots_days", None),
    ("query_interval_seconds", Some("300")),
    ("max_requests_in_flight", Some("8")),
    ("bind", Some("127.0.0.1:9180")),
    ("api_token", None),
    ("allow_public_without_token", Some("false")),
    ("stale_after_seconds", Some("600")),
];

/// Everything the program goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    pub endpoints: Vec<String>,
    pub netuids: Vec<NetUid>,
    pub database_url: String,
    /// How many days of the record stay before its end; all of it where there is none.
    pub keep_days: Option<u64>,
    /// Of every subnet that has none of its own.
    pub common_policy: Policy,
    /// Of the subnets that have a table.
    pub subnet_policies: BTreeMap<NetUid, Policy>,
    pub query_interval: Duration,
    pub max_requests_in_flight: usize,
    /// Where the API listens.
    pub bind: SocketAddr,
    /// What it asks for.
    pub api_token: Option<Token>,
    /// Whether it may listen elsewhere than on loopback without a token.
    pub allow_public_without_token: bool,
    /// How old the record's last block may be before it is stale.
    pub stale_after: Duration,
    /// The policies' keys as they are written, of all subnets and of those with a table.
    pub written: (Layered, BTreeMap<NetUid, Layered>),
}

/// A secret, kept out of what is printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Config {
    /// The policy of a subnet.
    pub fn policy(&self, netuid: NetUid) -> &Policy {
        self.subnet_policies.get(&netuid).unwrap_or(&self.common_policy)
    }

    /// The policy of a subnet with some of its keys changed.
    ///
    /// # Errors
    /// Names the key, and what is wrong with it.
    pub fn changed_policy(&self, netuid: NetUid, changed: &[(&'static str, String)]) -> Result<Policy, (&'static str, UsageError)> {
        let (common, own) = &self.written;
        let mut values = own.get(&netuid).unwrap_or(common).clone();
        changed.iter().for_each(|(key, value)| set(&mut values, key, value.clone(), "asked for".to_owned()));
        parse_policy(&values).map_err(|error| {
            // The first of them that the words name: a wrong value may bear on another key.
            let named = changed.iter().find(|(key, _)| error.0.starts_with(&format!("`{key}"))).or(changed.first());
            (named.map_or("query", |(key, _)| key), error)
        })
    }

    /// Every policy there is, to change.
    pub fn policies_mut(&mut self) -> impl Iterator<Item = &mut Policy> {
        std::iter::once(&mut self.common_policy).chain(self.subnet_policies.values_mut())
    }

    /// The policies of the subnets at hand: the common one, where it is one of them, and those of their own.
    fn at_hand(&self) -> impl Iterator<Item = (Option<NetUid>, &Policy)> {
        let at_hand = |netuid: &NetUid| self.netuids.is_empty() || self.netuids.contains(netuid);
        let common = self.netuids.is_empty() || self.netuids.iter().any(|netuid| !self.subnet_policies.contains_key(netuid));
        let own = self.subnet_policies.iter().filter(move |(netuid, _)| at_hand(netuid)).map(|(netuid, policy)| (Some(*netuid), policy));
        common.then_some((None, &self.common_policy)).into_iter().chain(own)
    }

    /// What the policies of the subnets at hand ask for that cannot be had.
    pub fn warnings(&self) -> Vec<String> {
        let mut all = Vec::new();
        for (netuid, policy) in self.at_hand() {
            let of = |warning: String| match netuid {
                Some(netuid) => format!("subnet {netuid}: {warning}"),
                None => warning,
            };
            all.extend(policy.warnings().into_iter().map(of));
        }
        all
    }

    /// So many days of the record, set by `key`, as block time: at least what the policies of the subnets at hand
    /// need.
    ///
    /// # Errors
    /// Names the key and what to set.
    pub fn kept(&self, days: u64, key: &str) -> Result<Millis, UsageError> {
        let kept = Millis(days.saturating_mul(DAY));
        let Some((netuid, policy)) = self.at_hand().max_by_key(|(_, policy)| policy.retention_window) else { return Ok(kept) };
        let window = policy.retention_window;
        if kept >= window {
            return Ok(kept);
        }
        let whose = netuid.map_or_else(String::new, |netuid| format!(" of subnet {netuid}"));
        Err(UsageError(format!(
            "`{key}` is {days}, but `retention_window_days`{whose} is {}: what is in the window is needed; set `{key}` to {} or more",
            crate::output::days(window.0),
            window.0.div_ceil(DAY)
        )))
    }
}

/// A day in ms.
pub const DAY: u64 = 86_400_000;

/// A value and where it came from.
pub type Layered = BTreeMap<String, (String, String)>;

/// The layers up to the file: what holds for all subnets, and what for one.
struct Layers {
    common: Layered,
    subnets: BTreeMap<NetUid, Layered>,
}

/// Reads the settings.
///
/// # Errors
/// Names the key, its value and where it stands.
pub fn load(args: &ConfigArgs, environment: impl Iterator<Item = (String, String)>) -> Result<Config, UsageError> {
    let config = load_changed(args, environment, &[])?;
    // Another policy is only tried over what there is.
    config.keep_days.map(|days| config.kept(days, "keep_snapshots_days")).transpose()?;
    Ok(config)
}

/// Reads the settings with keys of the policy set over all of them, as `key=value`.
///
/// # Errors
/// Names the key, its value and where it stands.
pub fn load_changed(
    args: &ConfigArgs,
    environment: impl Iterator<Item = (String, String)>,
    changed: &[String],
) -> Result<Config, UsageError> {
    let environment: BTreeMap<String, String> = environment.collect();
    let defaults = KEYS.iter().chain(&POLICY_KEYS);
    let mut common: Layered =
        defaults.filter_map(|(key, default)| default.map(|d| ((*key).to_owned(), (d.to_owned(), "default".to_owned())))).collect();
    if let Some(network) = environment.get("BT_NETWORK") {
        common.insert("network".into(), (network.clone(), "BT_NETWORK".into()));
    }
    if let Some(endpoint) = environment.get("BT_CHAIN_ENDPOINT") {
        common.insert("endpoints".into(), (endpoint.clone(), "BT_CHAIN_ENDPOINT".into()));
    }
    let mut layers = Layers { common, subnets: BTreeMap::new() };
    read_file(args.config.as_deref(), &mut layers)?;
    let mut over = over_the_file(args, &environment)?;
    over.extend(changed.iter().map(|text| set_over(text)).collect::<Result<Vec<_>, _>>()?);
    let with = |mut values: Layered| {
        over.iter().for_each(|(key, value, source)| set(&mut values, key, value.clone(), source.clone()));
        values
    };
    let mut config = parse(&with(layers.common.clone()))?;
    for (netuid, own) in layers.subnets {
        let mut values = layers.common.clone();
        values.extend(own);
        let values = with(values);
        let policy = parse_policy(&values).map_err(|UsageError(why)| UsageError(format!("[subnet.{netuid}]: {why}")))?;
        config.subnet_policies.insert(netuid, policy);
        config.written.1.insert(netuid, of_the_policy(&values));
    }
    Ok(config)
}

/// What comes before the file, the strongest last: key, value, source.
fn over_the_file(args: &ConfigArgs, environment: &BTreeMap<String, String>) -> Result<Vec<(String, String, String)>, UsageError> {
    let mut over = Vec::new();
    for (name, value) in environment {
        if let Some(key) = name.strip_prefix("VESTING_").map(str::to_lowercase) {
            // Not settings: tests and the shell use them.
            if key.starts_with("test_") {
                continue;
            }
            known(&key, name)?;
            over.push((key, value.clone(), name.clone()));
        }
    }
    let flags = [
        ("network", &args.network),
        ("endpoints", &args.endpoints),
        ("archive_endpoints", &args.archive_endpoints),
        ("netuids", &args.netuids),
        ("database_url", &args.database_url),
        ("keep_snapshots_days", &args.keep_snapshots_days),
        ("minimum_stake", &args.minimum_stake),
        ("retention_window_days", &args.retention_window_days),
        ("retention_target", &args.retention_target),
        ("max_multiplier", &args.max_multiplier),
        ("formula", &args.formula),
        ("duration_rule", &args.duration_rule),
        ("below_minimum", &args.below_minimum),
        ("redistribution", &args.redistribution),
        ("threshold_factor", &args.threshold_factor),
        ("absolute_threshold", &args.absolute_threshold),
        ("burn_uid", &args.burn_uid),
        ("effective_from_block", &args.effective_from_block),
        ("shadow", &args.shadow),
        ("query_interval_seconds", &args.query_interval_seconds),
        ("max_requests_in_flight", &args.max_requests_in_flight),
        ("bind", &args.bind),
        ("api_token", &args.api_token),
        ("allow_public_without_token", &args.allow_public_without_token),
        ("stale_after_seconds", &args.stale_after_seconds),
    ];
    let flags = flags.into_iter().filter_map(|(key, value)| value.clone().map(|value| (key, value)));
    over.extend(flags.map(|(key, value)| (key.to_owned(), value, format!("--{}", key.replace('_', "-")))));
    Ok(over)
}

/// What `--set` says: key, value, source.
fn set_over(text: &str) -> Result<(String, String, String), UsageError> {
    let source = "--set".to_owned();
    let Some((key, value)) = text.split_once('=') else {
        return Err(UsageError(format!("`--set {text}`: write a key and its value, as in --set max_multiplier=2")));
    };
    // As the flags are spelt, too.
    let key = key.trim().replace('-', "_");
    known(&key, &source)?;
    if KEYS.iter().any(|(other, _)| *other == key) {
        return Err(UsageError(format!("{source}: `{key}` is no key of the policy")));
    }
    Ok((key, value.to_owned(), source))
}

/// A later layer's `network` replaces the endpoints of the layers before: whoever names a network
/// means it.
fn set(values: &mut Layered, key: &str, value: String, source: String) {
    if key == "network" {
        values.remove("endpoints");
    }
    values.insert(key.to_owned(), (value, source));
}

fn known(key: &str, source: &str) -> Result<(), UsageError> {
    let mut keys = KEYS.iter().chain(&POLICY_KEYS).map(|(known, _)| *known);
    if keys.clone().any(|known| known == key) {
        return Ok(());
    }
    let near = keys.find(|known| known.contains(key) || key.contains(known));
    let hint = near.map_or_else(|| "see `vesting --help` for the keys".to_owned(), |near| format!("did you mean `{near}`?"));
    Err(UsageError(format!("{source}: unknown key `{key}`; {hint}")))
}

fn read_file(given: Option<&Path>, layers: &mut Layers) -> Result<(), UsageError> {
    let default = Path::new("vesting.toml");
    let path = match given {
        Some(path) => path,
        None if default.exists() => default,
        None => return Ok(()),
    };
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|e| UsageError(format!("cannot read the configuration file {shown}: {e}")))?;
    let mut table: toml::Table = text.parse().map_err(|e| UsageError(format!("{shown} is not TOML: {e}")))?;
    let subnets = match table.remove("subnet") {
        None => toml::Table::new(),
        Some(toml::Value::Table(subnets)) => subnets,
        Some(other) => return Err(UsageError(format!("{shown}: `subnet` cannot be {other}; write a table [subnet.N] for subnet N"))),
    };
    read_table(table, &shown.to_string(), &mut layers.common)?;
    for (name, table) in subnets {
        let source = format!("{shown} [subnet.{name}]");
        let netuid: u16 = name.parse().map_err(|_| UsageError(format!("{source}: `{name}` is not a subnet, a number from 0 to 65535")))?;
        let toml::Value::Table(table) = table else {
            return Err(UsageError(format!("{shown}: `subnet.{name}` cannot be {table}; write a table [subnet.{name}]")));
        };
        if let Some(key) = table.keys().find(|key| KEYS.iter().any(|(known, _)| known == key)) {
            return Err(UsageError(format!("{source}: `{key}` holds for all subnets: only keys of the policy may stand here")));
        }
        let mut own = Layered::new();
        read_table(table, &source, &mut own)?;
        if layers.subnets.insert(NetUid(netuid), own).is_some() {
            return Err(UsageError(format!("{source}: subnet {netuid} has two tables")));
        }
    }
    Ok(())
}

fn read_table(table: toml::Table, source: &str, values: &mut Layered) -> Result<(), UsageError> {
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
                    other => Err(UsageError(format!("{source}: `{key}` has an item {other} that is neither text nor a whole number"))),
                })
                .collect::<Result<Vec<_>, _>>()?
                .join(","),
            other => return Err(UsageError(format!("{source}: `{key}` cannot be {other}"))),
        };
        known(&key, source)?;
        set(values, &key, text, source.to_owned());
    }
    Ok(())
}

/// Values as they are asked for, with errors that say where they stand.
struct Values<'a>(&'a Layered);

impl Values<'_> {
    fn get(&self, key: &str) -> Option<(&str, &str)> {
        self.0.get(key).map(|(value, source)| (value.trim(), source.as_str()))
    }

    fn wrong(&self, key: &str, why: &dyn std::fmt::Display) -> UsageError {
        match self.get(key) {
            Some((value, source)) => UsageError(format!("`{key} = {value}` ({source}): {why}")),
            None => UsageError(format!("`{key}` is not set: {why}")),
        }
    }

    fn decimal(&self, key: &str) -> Result<Ppb, UsageError> {
        self.get(key).map_or(Ok(Ppb(0)), |(value, _)| value.parse::<Ppb>().map_err(|e| self.wrong(key, &e)))
    }

    fn whole(&self, key: &str) -> Result<Option<u64>, UsageError> {
        self.get(key).map(|(value, _)| value.parse::<u64>().map_err(|_| self.wrong(key, &"it must be a whole number"))).transpose()
    }

    fn list(&self, key: &str) -> Vec<String> {
        self.get(key)
            .map(|(value, _)| value.split(',').map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned).collect())
            .unwrap_or_default()
    }

    fn yes_or_no(&self, key: &str) -> Result<bool, UsageError> {
        match self.get(key) {
            Some(("true", _)) => Ok(true),
            Some(("false", _)) => Ok(false),
            _ => Err(self.wrong(key, &"it must be true or false")),
        }
    }

    fn seconds(&self, key: &str, most: u64) -> Result<Duration, UsageError> {
        let seconds = self.whole(key)?.unwrap_or_default();
        match (1..=most).contains(&seconds) {
            true => Ok(Duration::from_secs(seconds)),
            false => Err(self.wrong(key, &format!("it must be from 1 to {most}"))),
        }
    }

    /// A token that can stand in a header; what is wrong with it does not repeat it.
    fn token(&self, key: &str) -> Result<Option<Token>, UsageError> {
        match self.get(key) {
            None => Ok(None),
            Some((token, _)) if !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic()) => Ok(Some(Token(token.to_owned()))),
            Some((_, source)) => {
                Err(UsageError(format!("`{key}` ({source}): it must be letters, digits and signs of ASCII, without spaces")))
            }
        }
    }

    /// The one of `all` that has the name.
    fn choice<T>(&self, key: &str, all: impl IntoIterator<Item = T>, name: impl Fn(&T) -> &'static str) -> Result<T, UsageError> {
        let mut names = Vec::new();
        for one in all {
            if self.get(key).is_some_and(|(value, _)| value == name(&one)) {
                return Ok(one);
            }
            names.push(name(&one));
        }
        Err(self.wrong(key, &format!("it must be {}", names.join(" or "))))
    }
}

fn parse_policy(values: &Layered) -> Result<Policy, UsageError> {
    let values = Values(values);
    let redistribution = match values.choice("redistribution", Redistribution::NAMES, |name| *name)? {
        "threshold" => {
            Redistribution::Threshold { factor: values.decimal("threshold_factor")?, absolute: values.decimal("absolute_threshold")? }
        }
        "burn" => {
            let uid = values.whole("burn_uid")?.ok_or_else(|| values.wrong("burn_uid", &"`redistribution = burn` needs it"))?;
            let no_uid = |_| values.wrong("burn_uid", &"it must be a uid, a number from 0 to 65535");
            Redistribution::Burn { uid: Uid(u16::try_from(uid).map_err(no_uid)?) }
        }
        _ => Redistribution::Normalise,
    };
    let policy = Policy {
        minimum_stake: Rao(values.decimal("minimum_stake")?.0),
        retention_window: Policy::days(values.decimal("retention_window_days")?)
            .ok_or_else(|| values.wrong("retention_window_days", &"it is too long"))?,
        retention_target: values.decimal("retention_target")?,
        max_multiplier: values.decimal("max_multiplier")?,
        formula: values.choice("formula", built_in(), |formula| formula.name())?,
        duration_rule: values.choice("duration_rule", DurationRule::ALL, |rule| rule.name())?,
        below_minimum: values.choice("below_minimum", BelowMinimum::ALL, |rule| rule.name())?,
        redistribution,
        effective_from_block: values.whole("effective_from_block")?.map(BlockNumber),
        shadow: values.yes_or_no("shadow")?,
    };
    policy.check().map_err(|error| values.wrong(error.key, &error.why))?;
    Ok(policy)
}

/// The keys of the policy alone.
fn of_the_policy(values: &Layered) -> Layered {
    values.iter().filter(|(key, _)| policy_keys().any(|known| known == *key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn parse(values: &Layered) -> Result<Config, UsageError> {
    let common_policy = parse_policy(values)?;
    let written = (of_the_policy(values), BTreeMap::new());
    let values = Values(values);
    let mut endpoints = values.list("endpoints");
    if endpoints.is_empty() {
        let (network, _) = values.get("network").unwrap_or_default();
        let named: &[&str] = match network {
            "finney" => &FINNEY,
            "archive" => &ARCHIVE,
            "test" => &TEST,
            "local" => &LOCAL,
            url if url.starts_with("ws://") || url.starts_with("wss://") => &[url],
            _ => return Err(values.wrong("network", &"it must be finney, test, archive, local, or a ws:// or wss:// URL")),
        };
        endpoints = named.iter().map(|url| (*url).to_owned()).collect();
        if network == "finney" && values.list("archive_endpoints").is_empty() {
            endpoints.extend(ARCHIVE.map(str::to_owned));
        }
    }
    endpoints.extend(values.list("archive_endpoints"));
    if let Some(bad) = endpoints.iter().find(|url| !url.starts_with("ws://") && !url.starts_with("wss://")) {
        let key = if values.list("archive_endpoints").contains(bad) { "archive_endpoints" } else { "endpoints" };
        return Err(values.wrong(key, &"each must be a ws:// or wss:// URL"));
    }
    let mut netuids = Vec::new();
    for text in values.list("netuids") {
        let netuid =
            NetUid(text.parse().map_err(|_| values.wrong("netuids", &format!("`{text}` is not a subnet, a number from 0 to 65535")))?);
        if !netuids.contains(&netuid) {
            netuids.push(netuid);
        }
    }
    let in_flight = values.whole("max_requests_in_flight")?.unwrap_or_default();
    if !(1..=1024).contains(&in_flight) {
        return Err(values.wrong("max_requests_in_flight", &"it must be from 1 to 1024"));
    }
    let (bind, _) = values.get("bind").unwrap_or_default();
    Ok(Config {
        endpoints,
        netuids,
        database_url: values.get("database_url").unwrap_or_default().0.to_owned(),
        keep_days: values.whole("keep_snapshots_days")?,
        common_policy,
        subnet_policies: BTreeMap::new(),
        query_interval: values.seconds("query_interval_seconds", 86_400)?,
        max_requests_in_flight: usize::try_from(in_flight).unwrap_or(8),
        bind: bind.parse().map_err(|_| values.wrong("bind", &"it must be an address with a port, as 127.0.0.1:9180 or [::1]:9180"))?,
        api_token: values.token("api_token")?,
        allow_public_without_token: values.yes_or_no("allow_public_without_token")?,
        stale_after: values.seconds("stale_after_seconds", 315_360_000)?,
        written,
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
    fn another_policy_is_set_over_everything_and_refused_by_its_key() {
        let args = ConfigArgs { max_multiplier: Some("1.2".into()), ..ConfigArgs::default() };
        let with = |set: &[&str]| {
            let set: Vec<String> = set.iter().map(|text| (*text).to_owned()).collect();
            load_changed(&args, std::iter::empty(), &set).map(|config| config.common_policy)
        };
        let policy = with(&["max-multiplier=2", "formula = tiered", "max_multiplier=3"]).unwrap();
        assert_eq!((policy.max_multiplier.0, policy.formula.name()), (3_000_000_000, "tiered"));
        for (set, words) in [
            ("max_multiplier", "write a key and its value"),
            ("max_multiplier=0.5", "`max_multiplier = 0.5` (--set)"),
            ("maximum=2", "unknown key `maximum`"),
            ("netuids=2", "`netuids` is no key of the policy"),
            ("redistribution=burn", "burn_uid"),
        ] {
            let UsageError(said) = with(&[set]).unwrap_err();
            assert!(said.contains(words), "{said}");
        }
    }

    #[test]
    fn decimals_are_read_exactly() {
        let config = load_with(|a| a.retention_window_days = Some("0.02".into()), &[]).unwrap();
        assert_eq!(config.common_policy.retention_window.0, 1_728_000);
        assert_eq!(config.common_policy.minimum_stake, Rao(300_000_000));
    }

    #[test]
    fn mistakes_name_the_key() {
        let bad = [
            load_with(|a| a.network = Some("mainnet".into()), &[]),
            load_with(|a| a.netuids = Some("two".into()), &[]),
            load_with(|a| a.retention_target = Some("1.5".into()), &[]),
            load_with(|a| a.max_multiplier = Some("0.5".into()), &[]),
            load_with(|_| {}, &[("VESTING_RETENTION", "1")]),
            load_with(|_| {}, &[("VESTING_FORMULA", "linear")]),
            load_with(|a| a.duration_rule = Some("since_first_sale".into()), &[]),
            load_with(|a| a.redistribution = Some("normalize".into()), &[]),
            load_with(|a| a.redistribution = Some("threshold".into()), &[]),
            load_with(|a| a.redistribution = Some("burn".into()), &[]),
            load_with(|a| a.redistribution = Some("burn".into()), &[("VESTING_BURN_UID", "65536")]),
            load_with(|a| a.absolute_threshold = Some("-1".into()), &[("VESTING_REDISTRIBUTION", "threshold")]),
            load_with(|a| a.bind = Some("localhost".into()), &[]),
            load_with(|a| a.api_token = Some("two words".into()), &[]),
            load_with(|_| {}, &[("VESTING_ALLOW_PUBLIC_WITHOUT_TOKEN", "1")]),
            load_with(|a| a.stale_after_seconds = Some("0".into()), &[]),
            load_with(|a| a.keep_snapshots_days = Some("29".into()), &[]),
            load_with(|a| a.keep_snapshots_days = Some("0".into()), &[("VESTING_RETENTION_WINDOW_DAYS", "0.5")]),
            load_with(|a| a.keep_snapshots_days = Some("3.5".into()), &[]),
            load_with(|a| a.config = Some("/nonexistent/vesting.toml".into()), &[]),
        ];
        let words = [
            "network",
            "netuids",
            "retention_target",
            "max_multiplier",
            "retention",
            "formula = linear` (VESTING_FORMULA): it must be geometric_mean or tiered",
            "duration_rule",
            "redistribution = normalize` (--redistribution): it must be normalise or threshold or burn",
            "threshold_factor",
            "`burn_uid` is not set",
            "burn_uid = 65536",
            "absolute_threshold",
            "bind = localhost",
            "`api_token` (--api-token)",
            "allow_public_without_token = 1",
            "stale_after_seconds = 0",
            "`keep_snapshots_days` is 29, but `retention_window_days` is 30: what is in the window is needed; set `keep_snapshots_days` to 30",
            "set `keep_snapshots_days` to 1 or more",
            "keep_snapshots_days = 3.5",
            "vesting.toml",
        ];
        for (result, word) in bad.into_iter().zip(words) {
            let error = result.unwrap_err().0;
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn a_token_is_not_printed() {
        let config = load_with(|_| {}, &[("VESTING_API_TOKEN", "hunter2")]).unwrap();
        assert_eq!(config.api_token, Some(Token("hunter2".into())));
        assert!(!format!("{config:?}").contains("hunter2"));
        let UsageError(words) = load_with(|_| {}, &[("VESTING_API_TOKEN", "hunter 2")]).unwrap_err();
        assert!(!words.contains("hunter"), "{words}");
    }

    fn load_file(text: &str, set: impl FnOnce(&mut ConfigArgs)) -> Result<Config, UsageError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vesting.toml");
        std::fs::write(&path, text).unwrap();
        load_with(
            |args| {
                args.config = Some(path);
                set(args);
            },
            &[],
        )
    }

    #[test]
    fn a_subnet_has_its_own_policy_over_the_common_one() {
        let text = r#"
            max_multiplier = 2
            redistribution = "burn"
            burn_uid = 3
            [subnet.5]
            formula = "tiered"
            retention_window_days = 90
            redistribution = "normalise"
            [subnet.7]
            burn_uid = 0
        "#;
        let config = load_file(text, |_| {}).unwrap();
        let names = |netuid| {
            let policy = config.policy(NetUid(netuid));
            (policy.formula.name(), policy.max_multiplier.0, policy.redistribution)
        };
        assert_eq!(names(1), ("geometric_mean", 2_000_000_000, Redistribution::Burn { uid: Uid(3) }));
        assert_eq!(names(5), ("tiered", 2_000_000_000, Redistribution::Normalise));
        assert_eq!(names(7).2, Redistribution::Burn { uid: Uid(0) });
        // Flags come before the file, and so before its tables.
        let config = load_file(text, |args| args.formula = Some("geometric_mean".into())).unwrap();
        assert_eq!(config.policy(NetUid(5)).formula.name(), "geometric_mean");
        assert_eq!(config.policy(NetUid(5)).retention_window, Policy::days("90".parse().unwrap()).unwrap());
    }

    #[test]
    fn mistakes_in_a_table_name_the_key_and_the_subnet() {
        for (text, key) in [
            ("[subnet.5]\nmax_multiplier = 0.5", "max_multiplier = 0.5"),
            ("[subnet.5]\nretention_windw_days = 3", "retention_windw_days"),
            ("[subnet.5]\nformula = 3", "formula = 3"),
            ("[subnet.5]\nredistribution = \"burn\"", "burn_uid"),
            ("[subnet.5]\ndatabase_url = \"sqlite://x.db\"", "database_url"),
            ("[subnet.5]\nshadow = { on = true }", "shadow"),
            ("threshold_factor = 2000\n[subnet.5]\nredistribution = \"threshold\"", "threshold_factor = 2000"),
        ] {
            let UsageError(words) = load_file(text, |_| {}).unwrap_err();
            assert!(words.contains(key) && words.contains("subnet.5"), "{words}");
        }
        for text in ["[subnet.five]\nshadow = true", "subnet = 5", "[subnet]\n5 = true", "[subnet.5]\n[subnet.05]", "[subnet.70000]"] {
            let UsageError(words) = load_file(text, |_| {}).unwrap_err();
            assert!(words.contains("subnet"), "{words}");
        }
    }

    #[test]
    fn what_is_kept_is_at_least_the_longest_window_at_hand() {
        let text = "keep_snapshots_days = 40\n[subnet.5]\nretention_window_days = 40.5\n[subnet.6]\nretention_window_days = 40";
        let load = |netuids: Option<&str>| load_file(text, |args| args.netuids = netuids.map(str::to_owned));
        assert_eq!(load(Some("1,6")).unwrap().keep_days, Some(40));
        for netuids in [None, Some("5"), Some("1,5,6")] {
            let UsageError(words) = load(netuids).unwrap_err();
            assert!(words.contains("of subnet 5 is 40.5") && words.contains("to 41 or more"), "{words}");
        }
        assert_eq!(load_with(|_| {}, &[]).unwrap().keep_days, None);
    }

    #[test]
    fn warnings_are_those_of_the_subnets_at_hand() {
        let text = "formula = \"tiered\"\n[subnet.5]\nretention_window_days = 90\n[subnet.6]\nretention_window_days = 20";
        let warnings = |netuids: Option<&str>| load_file(text, |args| args.netuids = netuids.map(str::to_owned)).unwrap().warnings();
        assert_eq!(warnings(None).len(), 2);
        assert_eq!(warnings(Some("5")), Vec::<String>::new());
        assert!(warnings(Some("5,6"))[0].starts_with("subnet 6: "));
        assert!(warnings(Some("1,5"))[0].contains("30 or 60 days"));
    }
}
