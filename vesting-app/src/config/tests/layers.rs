//! Which layer comes before which.

use vesting_core::policy::{Policy, Redistribution};
use vesting_core::{NetUid, Uid};
use vesting_secret::SecretUrl;

use super::support::{load_file, load_with};
use crate::config::network::{LOCAL, TEST};
use crate::config::{ConfigArgs, examine, lines, load_changed};
use crate::exit::UsageError;

#[test]
fn flags_come_before_the_environment_and_that_before_bittensor_names() {
    let config =
        load_with(|a| a.keys.set("netuids", "2,3"), &[("VESTING_NETUIDS", "9"), ("BT_NETWORK", "test")])
            .unwrap();
    assert_eq!(config.netuids, [NetUid(2), NetUid(3)]);
    assert_eq!(config.endpoints, TEST.map(SecretUrl::new));
    let config =
        load_with(|_| {}, &[("VESTING_NETWORK", "local"), ("BT_CHAIN_ENDPOINT", "ws://elsewhere:1")])
            .unwrap();
    assert_eq!(config.endpoints, LOCAL.map(SecretUrl::new));
}

#[test]
fn endpoints_stay_beside_the_network_in_one_layer() {
    let (network, endpoints) = ("test", "ws://node:1");
    let flags = |args: &mut ConfigArgs| {
        args.keys.set("network", network);
        args.keys.set("endpoints", endpoints);
    };
    let beside = [
        load_with(flags, &[]),
        load_with(|_| {}, &[("VESTING_NETWORK", network), ("VESTING_ENDPOINTS", endpoints)]),
        load_file("network = \"test\"\nendpoints = [\"ws://node:1\"]", |_| {}),
    ];
    for config in beside {
        assert_eq!(config.unwrap().endpoints, [SecretUrl::new(endpoints)]);
    }
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
    let config = load_file(text, |a| a.keys.set("formula", "geometric_mean")).unwrap();
    assert_eq!(config.policy(NetUid(5)).formula.name(), "geometric_mean");
    assert_eq!(config.policy(NetUid(5)).retention_window, Policy::days("90".parse().unwrap()).unwrap());
}

#[test]
fn another_policy_is_set_over_everything_and_refused_by_its_key() {
    let mut args = ConfigArgs::default();
    args.keys.set("max_multiplier", "1.2");
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
fn what_is_in_force_says_where_it_comes_from() {
    let text =
        "network = \"local\"\nmax_multiplier = 2\n[subnet.5]\nformula = \"tiered\"\nmax_multiplier = 3";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vesting.toml");
    std::fs::write(&path, text).unwrap();
    let mut args = ConfigArgs { config: Some(path.clone()), ..ConfigArgs::default() };
    args.keys.set("formula", "geometric_mean");
    let environment = [("BT_CHAIN_ENDPOINT".into(), "ws://elsewhere:1".into())];
    let (layers, config, _) = examine(&args, environment.into_iter());
    let lines = lines(&layers, &config);
    let shown = |netuid: Option<u16>, key: &str| {
        lines
            .iter()
            .find(|line| line.netuid == netuid && line.key == key)
            .map(|line| (line.value.clone().unwrap(), line.from.clone()))
    };
    let file = path.display().to_string();
    assert_eq!(shown(None, "max_multiplier"), Some(("2".into(), file.clone())));
    // The file's network comes before the endpoint of BT_CHAIN_ENDPOINT.
    assert_eq!(shown(None, "endpoints"), Some((LOCAL[0].into(), "network".into())));
    assert_eq!(shown(None, "minimum_stake"), Some(("0.3".into(), "default".into())));
    assert_eq!(shown(Some(5), "max_multiplier"), Some(("3".into(), format!("{file} [subnet.5]"))));
    // A flag comes before the table.
    assert_eq!(
        (shown(None, "formula"), shown(Some(5), "formula")),
        (Some(("geometric_mean".into(), "--formula".into())), None)
    );
}
