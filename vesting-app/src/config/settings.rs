//! The settings of the program.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use vesting_core::policy::Policy;
use vesting_core::{Millis, NetUid};
use vesting_secret::SecretUrl;

use super::key::policy_keys;
use super::layers::Layers;
use super::mistake::{Mistake, Mistakes};
use super::secret::Token;
use super::setting::{Setting, SettingMap};
use super::values::Values;
use super::{network, policy};
use crate::exit::UsageError;
use crate::log::LogFormat;

/// A day in ms.
pub const DAY: u64 = 86_400_000;

/// The keys of a policy with their values.
pub type Written = BTreeMap<&'static str, String>;

/// Everything the program goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    pub endpoints: Vec<SecretUrl>,
    pub netuids: Vec<NetUid>,
    pub database_url: SecretUrl,
    /// How many days of the record are kept; all of it if `None`.
    pub keep_days: Option<u64>,
    /// The policy of every subnet without a table.
    pub common_policy: Policy,
    /// The policies of the subnets with a table.
    pub subnet_policies: BTreeMap<NetUid, Policy>,
    /// Whether the daemon follows the chain by itself.
    pub use_background_thread: bool,
    pub query_interval: Duration,
    pub max_requests_in_flight: usize,
    /// The address at which the API listens.
    pub bind: SocketAddr,
    /// The token that the API asks for.
    pub api_token: Option<Token>,
    /// Where the record of a subnet without one is taken from.
    pub bootstrap: Option<BootstrapConfig>,
    /// Whether the API may listen beyond loopback without a token.
    pub allow_public_without_token: bool,
    /// How old the record's last block may be before it is stale.
    pub stale_after: Duration,
    pub log_format: LogFormat,
    /// The policies as they were written: the common one, and those of the subnets with a table.
    pub written: (Written, BTreeMap<NetUid, Written>),
}

/// Where the record of a subnet without one is taken from, and by whom it is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootstrapConfig {
    pub url: SecretUrl,
    pub token: Option<Token>,
    /// The API of a second validator.
    pub digest_from: SecretUrl,
    pub digest_token: Option<Token>,
}

impl Config {
    /// The policy of a subnet.
    pub fn policy(&self, netuid: NetUid) -> &Policy {
        self.subnet_policies.get(&netuid).unwrap_or(&self.common_policy)
    }

    /// The policy of a subnet with some of its keys changed.
    ///
    /// # Errors
    /// The first thing wrong with it.
    pub fn changed_policy(
        &self,
        netuid: NetUid,
        changed: &[(&'static str, String)],
    ) -> Result<Policy, Mistake> {
        let (common, own) = &self.written;
        let setting =
            |value: &String, source: &str| Setting { value: value.clone(), source: source.to_owned() };
        let written = own.get(&netuid).unwrap_or(common).iter();
        let mut values: SettingMap =
            written.map(|(key, value)| (*key, setting(value, "the configuration"))).collect();
        values.extend(changed.iter().map(|(key, value)| (*key, setting(value, "asked for"))));
        let mut mistakes = Mistakes::default();
        let policy = policy::parse(&values, &mut mistakes);
        match mistakes.all() {
            [] => Ok(policy),
            // The first mistake: others may follow from it.
            [first, ..] => Err(first.clone()),
        }
    }

    /// Every policy there is, to change.
    pub fn policies_mut(&mut self) -> impl Iterator<Item = &mut Policy> {
        std::iter::once(&mut self.common_policy).chain(self.subnet_policies.values_mut())
    }

    /// The policies of the followed subnets, or of all subnets if none is named.
    pub fn policies_in_use(&self) -> impl Iterator<Item = (Option<NetUid>, &Policy)> {
        let at_hand = |netuid: &NetUid| self.netuids.is_empty() || self.netuids.contains(netuid);
        let common = self.netuids.is_empty()
            || self.netuids.iter().any(|netuid| !self.subnet_policies.contains_key(netuid));
        let own = self
            .subnet_policies
            .iter()
            .filter(move |(netuid, _)| at_hand(netuid))
            .map(|(netuid, policy)| (Some(*netuid), policy));
        common.then_some((None, &self.common_policy)).into_iter().chain(own)
    }

    /// Warnings about what the policies of the followed subnets ask for and cannot have.
    pub fn warnings(&self) -> Vec<String> {
        let mut all = Vec::new();
        for (netuid, policy) in self.policies_in_use() {
            let with_subnet = |warning: String| match netuid {
                Some(netuid) => format!("subnet {netuid}: {warning}"),
                None => warning,
            };
            all.extend(policy.warnings().into_iter().map(with_subnet));
        }
        all
    }

    /// `days` days of the record as block time. `key` set them; they must cover the retention windows of the
    /// followed subnets.
    ///
    /// # Errors
    /// Names the key and what to set.
    pub fn time_to_keep(&self, days: u64, key: &str) -> Result<Millis, UsageError> {
        Ok(self.long_enough(days, key)?)
    }

    /// Checks that enough of the record is kept.
    pub fn check_keep_days(&self) -> Result<(), Mistake> {
        self.keep_days.map(|days| self.long_enough(days, "keep_snapshots_days")).transpose().map(|_| ())
    }

    fn long_enough(&self, days: u64, key: &str) -> Result<Millis, Mistake> {
        let kept = Millis(days.saturating_mul(DAY));
        let Some((netuid, policy)) = self.policies_in_use().max_by_key(|(_, policy)| policy.retention_window)
        else {
            return Ok(kept);
        };
        let window = policy.retention_window;
        if kept >= window {
            return Ok(kept);
        }
        let whose = netuid.map_or_else(String::new, |netuid| format!(" of subnet {netuid}"));
        let why = format!(
            "`{key}` is {days}, but `retention_window_days`{whose} is {}: what is in the window is needed; \
             set `{key}` to {} or more",
            crate::output::days(window.0),
            window.0.div_ceil(DAY)
        );
        Err(Mistake::of(key, why))
    }

    /// The URL of this machine's own API. An API that listens on every address also listens on loopback.
    pub fn own_api(&self) -> String {
        let mut there = self.bind;
        match there.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => there.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => there.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        format!("http://{there}")
    }

    /// Checks that the API is not open to others by accident.
    pub fn is_safe_to_serve(&self) -> Result<(), Mistake> {
        let address = self.bind;
        if address.ip().is_loopback() || self.api_token.is_some() || self.allow_public_without_token {
            return Ok(());
        }
        Err(Mistake::of(
            "bind",
            format!(
                "`bind = {address}` is open to other machines: set `api_token` (VESTING_API_TOKEN), or \
                 `allow_public_without_token = true` if they may read everything"
            ),
        ))
    }
}

/// The settings. A key with a mistake has its default, so that the rest can be checked too.
pub fn parse(layers: &Layers, mistakes: &mut Mistakes) -> Config {
    let common_policy = policy::parse(&layers.common, mistakes);
    let mut config = parse_common(&layers.common, common_policy, mistakes);
    for (netuid, values) in &layers.subnets {
        let mut of_subnet = Mistakes::default();
        config.subnet_policies.insert(*netuid, policy::parse(values, &mut of_subnet));
        config.written.1.insert(*netuid, of_the_policy(values));
        mistakes.take_over(netuid.0, of_subnet);
    }
    config
}

/// Everything but the policies of the subnets with a table.
fn parse_common(values: &SettingMap, common_policy: Policy, mistakes: &mut Mistakes) -> Config {
    let values = Values(values);
    let in_flight = mistakes
        .note_err(values.up_to("max_requests_in_flight", 1024))
        .and_then(|number| usize::try_from(number).ok());
    let no_address =
        |_| values.wrong("bind", &"it must be an address with a port, as 127.0.0.1:9180 or [::1]:9180");
    Config {
        endpoints: endpoints(&values, mistakes).unwrap_or_default(),
        netuids: netuids(&values, mistakes),
        database_url: database_url(&values, mistakes),
        keep_days: mistakes.note_err(values.whole("keep_snapshots_days")).flatten(),
        common_policy,
        subnet_policies: BTreeMap::new(),
        use_background_thread: mistakes.note_err(values.yes_or_no("use_background_thread")).unwrap_or(true),
        query_interval: mistakes
            .note_err(values.seconds("query_interval_seconds", 86_400))
            .unwrap_or_default(),
        max_requests_in_flight: in_flight.unwrap_or(8),
        bind: mistakes
            .note_err(values.text("bind").parse().map_err(no_address))
            .unwrap_or((Ipv4Addr::LOCALHOST, 0).into()),
        api_token: mistakes.note_err(values.token("api_token")).flatten(),
        bootstrap: bootstrap(&values, mistakes),
        allow_public_without_token: mistakes
            .note_err(values.yes_or_no("allow_public_without_token"))
            .unwrap_or_default(),
        stale_after: mistakes
            .note_err(values.seconds("stale_after_seconds", 315_360_000))
            .unwrap_or_default(),
        log_format: mistakes
            .note_err(values.choice("log_format", LogFormat::ALL, |format| format.name()))
            .unwrap_or(LogFormat::Auto),
        written: (of_the_policy(values.0), BTreeMap::new()),
    }
}

/// The policy keys alone.
fn of_the_policy(values: &SettingMap) -> Written {
    policy_keys().filter_map(|key| Some((key, values.get(key)?.value.clone()))).collect()
}

fn bootstrap(values: &Values<'_>, mistakes: &mut Mistakes) -> Option<BootstrapConfig> {
    let token = mistakes.note_err(values.token("bootstrap_token")).flatten();
    let digest_token = mistakes.note_err(values.token("bootstrap_digest_token")).flatten();
    let (url, _) = values.get("bootstrap")?;
    let Some((digest_from, _)) = values.get("bootstrap_digest_from") else {
        mistakes.note(values.wrong(
            "bootstrap",
            &"set `bootstrap_digest_from` too, so that a second validator judges what the first one gives",
        ));
        return None;
    };
    let (url, digest_from) = (SecretUrl::new(url), SecretUrl::new(digest_from));
    Some(BootstrapConfig { url, token, digest_from, digest_token })
}

fn database_url(values: &Values<'_>, mistakes: &mut Mistakes) -> SecretUrl {
    let url = SecretUrl::new(values.text("database_url"));
    mistakes
        .note_err(vesting_store::check(url.expose()).map_err(|error| values.wrong("database_url", &error)));
    url
}

fn endpoints(values: &Values<'_>, mistakes: &mut Mistakes) -> Option<Vec<SecretUrl>> {
    let urls = |key: &str| values.list(key).into_iter().map(SecretUrl::new).collect::<Vec<_>>();
    let (mut endpoints, archive) = (urls("endpoints"), urls("archive_endpoints"));
    let mut is_fine = true;
    let mut check = |key: &str, urls: &[SecretUrl]| {
        for why in urls.iter().filter_map(|url| vesting_chain::check_endpoint(url).err()) {
            mistakes.note(values.wrong(key, &why));
            is_fine = false;
        }
    };
    check("endpoints", &endpoints);
    check("archive_endpoints", &archive);
    if endpoints.is_empty() {
        let named = values.text("network");
        if named.contains("://") {
            endpoints = vec![SecretUrl::new(named)];
            check("network", &endpoints);
        } else {
            let unknown = || {
                values.wrong("network", &"it must be finney, test, archive, local, or a ws:// or wss:// URL")
            };
            let named = network::endpoints(named).ok_or_else(unknown);
            endpoints = mistakes.note_err(named)?.iter().copied().map(SecretUrl::new).collect();
        }
        if named == "finney" && archive.is_empty() {
            endpoints.extend(network::ARCHIVE.map(SecretUrl::new));
        }
    }
    endpoints.extend(archive);
    is_fine.then_some(endpoints)
}

fn netuids(values: &Values<'_>, mistakes: &mut Mistakes) -> Vec<NetUid> {
    let mut netuids = Vec::new();
    for text in values.list("netuids") {
        let unknown =
            |_| values.wrong("netuids", &format!("`{text}` is not a subnet, a number from 0 to 65535"));
        let netuid = mistakes.note_err(text.parse().map_err(unknown)).map(NetUid);
        netuids.extend(netuid.filter(|netuid| !netuids.contains(netuid)));
    }
    netuids
}
