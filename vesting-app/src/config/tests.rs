//! What the settings say, and what is wrong with them.

use clap::CommandFactory;
use vesting_core::policy::{Policy, Redistribution};
use vesting_core::{NetUid, Rao, Uid};
use vesting_secret::SecretUrl;

use super::key::{KEYS, Key, Shape};
use super::network::{LOCAL, TEST};
use super::secret::Token;
use super::*;
use crate::cli::Cli;

fn load_with(set: impl FnOnce(&mut ConfigArgs), environment: &[(&str, &str)]) -> Result<Config, UsageError> {
    let mut args = ConfigArgs::default();
    set(&mut args);
    load(&args, environment.iter().map(|(k, v)| (k.into(), v.into())))
}

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
fn decimals_are_read_exactly() {
    let config = load_with(|a| a.keys.set("retention_window_days", "0.02"), &[]).unwrap();
    assert_eq!(config.common_policy.retention_window.0, 1_728_000);
    assert_eq!(config.common_policy.minimum_stake, Rao(300_000_000));
}

#[test]
fn mistakes_name_the_key() {
    let bad = [
        load_with(|a| a.keys.set("network", "mainnet"), &[]),
        load_with(|a| a.keys.set("netuids", "two"), &[]),
        load_with(|a| a.keys.set("retention_target", "1.5"), &[]),
        load_with(|a| a.keys.set("max_multiplier", "0.5"), &[]),
        load_with(|_| {}, &[("VESTING_RETENTION", "1")]),
        load_with(|_| {}, &[("VESTING_FORMULA", "linear")]),
        load_with(|a| a.keys.set("duration_rule", "since_first_sale"), &[]),
        load_with(|a| a.keys.set("unattributed", "manual"), &[]),
        load_with(|a| a.keys.set("redistribution", "normalize"), &[]),
        load_with(|a| a.keys.set("redistribution", "threshold"), &[]),
        load_with(|a| a.keys.set("redistribution", "burn"), &[]),
        load_with(|a| a.keys.set("redistribution", "burn"), &[("VESTING_BURN_UID", "65536")]),
        load_with(|a| a.keys.set("absolute_threshold", "-1"), &[("VESTING_REDISTRIBUTION", "threshold")]),
        load_with(|a| a.keys.set("bind", "localhost"), &[]),
        load_with(|a| a.keys.set("api_token", "two words"), &[]),
        load_with(|_| {}, &[("VESTING_ALLOW_PUBLIC_WITHOUT_TOKEN", "1")]),
        load_with(|a| a.keys.set("stale_after_seconds", "0"), &[]),
        load_with(|a| a.keys.set("keep_snapshots_days", "29"), &[]),
        load_with(|a| a.keys.set("keep_snapshots_days", "0"), &[("VESTING_RETENTION_WINDOW_DAYS", "0.5")]),
        load_with(|a| a.keys.set("keep_snapshots_days", "3.5"), &[]),
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
        "unattributed = manual` (--unattributed): it must be neutral or flow",
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
    let config = load_file(text, |a| a.keys.set("formula", "geometric_mean")).unwrap();
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
        ("threshold_factor = 0\n[subnet.5]\nredistribution = \"threshold\"", "threshold_factor = 0"),
    ] {
        let UsageError(words) = load_file(text, |_| {}).unwrap_err();
        assert!(words.contains(key) && words.contains("subnet.5"), "{words}");
    }
    for text in [
        "[subnet.five]\nshadow = true",
        "subnet = 5",
        "[subnet]\n5 = true",
        "[subnet.5]\n[subnet.05]",
        "[subnet.70000]",
    ] {
        let UsageError(words) = load_file(text, |_| {}).unwrap_err();
        assert!(words.contains("subnet"), "{words}");
    }
}

#[test]
fn a_wrong_value_is_refused_whether_or_not_it_bears() {
    for redistribution in ["normalise", "threshold", "burn"] {
        let rest = format!("redistribution = \"{redistribution}\"\n");
        for wrong in [
            "threshold_factor = \"AAA\"",
            "threshold_factor = 2000",
            "absolute_threshold = -1",
            "burn_uid = 65536",
            "burn_uid = \"AAA\"",
        ] {
            let UsageError(words) = load_file(&format!("{rest}{wrong}"), |_| {}).unwrap_err();
            let key = wrong.split(' ').next().unwrap();
            assert_eq!(words.matches(&format!("`{key} = ")).count(), 1, "{redistribution}: {words}");
        }
    }
    let fine = "threshold_factor = 1000\nabsolute_threshold = 0.5\nburn_uid = 65535";
    assert_eq!(load_file(fine, |_| {}).unwrap().common_policy.redistribution, Redistribution::Normalise);
}

#[test]
fn what_is_kept_is_at_least_the_longest_window_at_hand() {
    let text = "keep_snapshots_days = 40\n[subnet.5]\nretention_window_days = 40.5\n[subnet.6]\nretention_window_days = 40";
    let load = |netuids: Option<&str>| {
        load_file(text, |args| netuids.into_iter().for_each(|netuids| args.keys.set("netuids", netuids)))
    };
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
    let warnings = |netuids: Option<&str>| {
        load_file(text, |args| netuids.into_iter().for_each(|netuids| args.keys.set("netuids", netuids)))
            .unwrap()
            .warnings()
    };
    assert_eq!(warnings(None).len(), 2);
    assert_eq!(warnings(Some("5")), Vec::<String>::new());
    assert!(warnings(Some("5,6"))[0].starts_with("subnet 6: "));
    assert!(warnings(Some("1,5"))[0].contains("30 or 60 days"));
}

/// The keys that the design lists; `use_background_thread` comes with what it switches.
const DESIGN: &str = "network endpoints archive_endpoints netuids database_url minimum_stake retention_window_days retention_target \
    max_multiplier use_background_thread query_interval_seconds duration_rule formula below_minimum redistribution threshold_factor absolute_threshold \
    burn_uid effective_from_block shadow max_requests_in_flight bind api_token allow_public_without_token stale_after_seconds \
    keep_snapshots_days unattributed";

/// Those that came later.
const LATER: &str = "log_format";

/// A value that the key can have and that is not its default.
fn another(key: &Key) -> &'static str {
    match key.name {
        "network" => "local",
        "database_url" => "sqlite://other.db",
        "minimum_stake" | "retention_target" | "threshold_factor" | "absolute_threshold" => "0.5",
        "retention_window_days" => "7",
        "max_multiplier" => "2",
        "formula" => "tiered",
        "duration_rule" => "since_last_sale",
        "below_minimum" => "zero_weight",
        "redistribution" => "threshold",
        "unattributed" => "flow",
        "shadow" | "allow_public_without_token" => "true",
        "query_interval_seconds" | "max_requests_in_flight" | "stale_after_seconds" => "77",
        "use_background_thread" => "false",
        "bind" => "127.0.0.1:1",
        "log_format" => "json",
        _ => key.example,
    }
}

/// What is said of a key, with its source.
fn shown_from(args: &ConfigArgs, environment: &[(&str, &str)], key: &Key) -> (Option<String>, String) {
    let (layers, config, _) = examine(args, environment.iter().map(|(k, v)| (k.into(), v.into())));
    let line = lines(&layers, &config).into_iter().find(|line| line.key == key.name).unwrap();
    (line.value, line.from)
}

#[test]
fn every_key_is_everywhere() {
    let mut designed: Vec<&str> = DESIGN.split_whitespace().chain(LATER.split_whitespace()).collect();
    let mut names: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
    designed.sort_unstable();
    names.sort_unstable();
    assert_eq!(names, designed);

    let command = Cli::command();
    let text = template();
    for key in &KEYS {
        let value = another(key);
        assert!(key.default != Some(value) && !value.is_empty(), "{}", key.name);
        let expected = if key.is_secret() { "***" } else { value };
        assert!(
            command.get_arguments().any(|arg| arg.get_long() == Some(&key.flag())),
            "no flag --{}",
            key.flag()
        );
        let mut args = ConfigArgs::default();
        args.keys.set(key.name, value);
        assert_eq!(shown_from(&args, &[], key), (Some(expected.to_owned()), format!("--{}", key.flag())));
        let variable = format!("VESTING_{}", key.name.to_uppercase());
        assert_eq!(
            shown_from(&ConfigArgs::default(), &[(&variable, value)], key),
            (Some(expected.to_owned()), variable.clone())
        );

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.toml");
        let quoted = if matches!(key.shape, Shape::Number | Shape::YesNo) {
            value.to_owned()
        } else {
            format!("\"{value}\"")
        };
        std::fs::write(&path, format!("{} = {quoted}", key.name)).unwrap();
        let args = ConfigArgs { config: Some(path.clone()), ..ConfigArgs::default() };
        assert_eq!(shown_from(&args, &[], key), (Some(expected.to_owned()), path.display().to_string()));

        std::fs::write(&path, format!("{} = {{ a = 1 }}\n[subnet.3]\n{} = {quoted}", key.name, key.name))
            .unwrap();
        let (_, _, mistakes) = examine(&args, std::iter::empty());
        let of_key = |netuid| {
            mistakes.all().iter().filter(|m| m.key.as_deref() == Some(key.name) && m.netuid == netuid).count()
        };
        assert_eq!((of_key(None), of_key(Some(3))), (1, usize::from(!key.of_policy)), "{:?}", mistakes.all());

        assert!(
            text.contains(&format!("\n#{} = ", key.name)) || text.contains(&format!("\n# {} = ", key.name)),
            "{}",
            key.name
        );
        assert!(!key.meaning.is_empty() && !key.meaning.ends_with('.'));
    }
}

#[test]
fn a_key_in_the_wrong_place_hides_no_other_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("some.toml");
    std::fs::write(&path, "bind = \"0.0.0.0:9180\"\n[subnet.3]\nbind = \"x\"").unwrap();
    let (_, _, mistakes) =
        examine(&ConfigArgs { config: Some(path), ..ConfigArgs::default() }, std::iter::empty());
    let of = |netuid| {
        mistakes.all().iter().filter(|m| m.netuid == netuid && m.key.as_deref() == Some("bind")).count()
    };
    assert_eq!((of(None), of(Some(3))), (1, 1), "{:?}", mistakes.all());
}

#[test]
fn the_file_to_begin_with_equals_the_defaults() {
    let plain = load_with(|_| {}, &[]).unwrap();
    assert_eq!(load_file(&template(), |_| {}).unwrap(), plain);
    // With every default set, too.
    let set: String = template()
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line))
        .fold(String::new(), |text, line| text + line + "\n");
    assert_eq!(
        set.parse::<toml::Table>().unwrap().len(),
        KEYS.iter().filter(|key| key.default.is_some()).count()
    );
    assert_eq!(load_file(&set, |_| {}).unwrap(), plain);
    // And the examples are such that they are understood.
    let examples: String = template()
        .lines()
        .map(|line| line.trim_start_matches(['#', ' ']))
        .filter(|line| line.contains(" = "))
        .fold(String::new(), |text, line| {
            if KEYS.iter().any(|key| line.starts_with(&format!("{} = ", key.name))) {
                text + line + "\n"
            } else {
                text
            }
        });
    // That of the last lines stands in a table of its own.
    let (common, _) = examples.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(load_file(common, |_| {}).unwrap().netuids, [NetUid(2), NetUid(3)]);
}

#[test]
fn every_mistake_is_named_at_once() {
    let text = r#"
        retention_windw_days = 3
        max_multiplier = 0.5
        retention_target = 2
        formula = 3
        bind = "0.0.0.0:9180"
        shadow = "yes"
        netuids = [2, true]
        stale_after_seconds = 0
        [subnet.5]
        redistribution = "burn"
        database_url = "x"
        max_multiplier = 0.25
        [subnet.x]
    "#;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vesting.toml");
    std::fs::write(&path, text).unwrap();
    let args = ConfigArgs { config: Some(path.clone()), ..ConfigArgs::default() };
    let environment =
        [("VESTING_SHADE", "1"), ("VESTING_KEEP_SNAPSHOTS_DAYS", "x"), ("VESTING_ENDPOINTS", "http://a")];
    let (_, _, mistakes) = examine(&args, environment.iter().map(|(k, v)| (k.into(), v.into())));
    let mut found: Vec<(Option<u16>, &str)> =
        mistakes.all().iter().map(|m| (m.netuid, m.key.as_deref().unwrap())).collect();
    found.sort_unstable();
    let expected = [
        (None, "bind"),
        (None, "endpoints"),
        (None, "formula"),
        (None, "keep_snapshots_days"),
        (None, "max_multiplier"),
        (None, "netuids"),
        (None, "retention_target"),
        (None, "retention_windw_days"),
        (None, "shade"),
        (None, "shadow"),
        (None, "stale_after_seconds"),
        (None, "subnet.x"),
        (Some(5), "burn_uid"),
        (Some(5), "database_url"),
        (Some(5), "max_multiplier"),
    ];
    assert_eq!(found, expected);
    let UsageError(words) = mistakes.into();
    assert!(
        words.starts_with("15 mistakes in the configuration:\n") && words.lines().count() == 16,
        "{words}"
    );

    // Text that is no TOML is named in every place.
    std::fs::write(&path, "a = \nb = 3\nc = [\nd = \"x").unwrap();
    let (_, _, mistakes) = examine(&args, std::iter::empty());
    assert!(mistakes.all().len() >= 2, "{mistakes:?}");
}

#[test]
fn what_is_kept_is_judged_where_it_can_be() {
    let (_, _, mistakes) = {
        let mut args = ConfigArgs::default();
        args.keys.set("keep_snapshots_days", "2");
        args.keys.set("max_multiplier", "0");
        examine(&args, std::iter::empty())
    };
    let keys: Vec<_> = mistakes.all().iter().map(|m| m.key.as_deref().unwrap()).collect();
    assert_eq!(keys, ["max_multiplier", "keep_snapshots_days"]);
}

#[test]
fn an_http_endpoint_is_refused_with_what_to_use_and_without_its_secrets() {
    for key in ["network", "endpoints", "archive_endpoints"] {
        let mut args = ConfigArgs::default();
        args.keys.set(key, "https://me:hunter2@node.example/hunter2");
        let refused = load(&args, std::iter::empty()).unwrap_err().to_string();
        assert!(
            refused.contains("wss://")
                && refused.contains("***@node.example")
                && !refused.contains("hunter2"),
            "{refused}"
        );
    }
}

#[test]
fn secrets_are_not_shown() {
    let secret = [
        ("VESTING_API_TOKEN", "hunter2"),
        ("VESTING_DATABASE_URL", "postgres://me:hunter2@host/vesting?sslpassword=hunter2"),
        ("VESTING_ENDPOINTS", "wss://me:hunter2@node.example/hunter2?key=hunter2,ws://plain:1/"),
    ];
    let (layers, config, _) =
        examine(&ConfigArgs::default(), secret.iter().map(|(k, v)| (k.into(), v.into())));
    let lines = lines(&layers, &config);
    let words = serde_json::to_string(&lines).unwrap();
    assert!(!words.contains("hunter2"), "{words}");
    for word in ["me:***@host/vesting", "wss://***@node.example/***,ws://plain:1/", "VESTING_API_TOKEN"] {
        assert!(words.contains(word), "{word}: {words}");
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
    let of = |netuid: Option<u16>, key: &str| {
        lines
            .iter()
            .find(|line| line.netuid == netuid && line.key == key)
            .map(|line| (line.value.clone().unwrap(), line.from.clone()))
    };
    let file = path.display().to_string();
    assert_eq!(of(None, "max_multiplier"), Some(("2".into(), file.clone())));
    // The file's network counts more than the endpoint of BT_CHAIN_ENDPOINT.
    assert_eq!(of(None, "endpoints"), Some((LOCAL[0].into(), "network".into())));
    assert_eq!(of(None, "minimum_stake"), Some(("0.3".into(), "default".into())));
    assert_eq!(of(Some(5), "max_multiplier"), Some(("3".into(), format!("{file} [subnet.5]"))));
    // A flag comes before the table.
    assert_eq!(
        (of(None, "formula"), of(Some(5), "formula")),
        (Some(("geometric_mean".into(), "--formula".into())), None)
    );
}

#[test]
fn a_variable_that_is_no_text_is_named_and_not_repeated() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    let bytes = |text: &str| OsString::from_vec([text.as_bytes(), b"\xff"].concat());
    let environment = [
        ("VESTING_DATABASE_URL".into(), bytes("sqlite://Koala1")),
        ("FOO".into(), bytes("Koala2")),
        (bytes("VESTING_"), "3".into()),
    ];
    let UsageError(words) = load(&ConfigArgs::default(), environment.into_iter()).unwrap_err();
    assert_eq!(words, "`VESTING_DATABASE_URL` is not UTF-8: set it to text, or unset it");
}

#[test]
fn a_url_that_run_would_refuse_is_a_mistake() {
    for (key, url, word) in [
        ("database_url", "postgres://me:pa?ss@host/vesting", "`?` as `%3F`"),
        ("database_url", "postgres://me:pa@ss@host/vesting", "`@` as `%40`"),
        ("database_url", "postgres://me:top%secret@host/vesting", "`%` as `%25`"),
        ("database_url", "host=host password=secret", "expected `sqlite://"),
        ("database_url", "\"postgres://me:secret@host/vesting\"", "in quotes"),
        ("database_url", "postgres://host/vesting?passwort=secret", "options that PostgreSQL knows"),
        ("database_url", "mysql://me:secret@host/vesting", "expected `sqlite://"),
        ("database_url", "sqlite://", "names no file"),
        ("endpoints", "wss://", "empty host"),
        ("endpoints", "ws://127.0.0.1:9944,wss://me:pa/ss@host", "percent-encode"),
        ("archive_endpoints", "wss://host:99999", "invalid port"),
        ("network", "wss://me:top%secret@host", "`%` as `%25`"),
    ] {
        let (_, _, mistakes) = examine(
            &ConfigArgs::default(),
            [(format!("VESTING_{}", key.to_uppercase()).into(), url.into())].into_iter(),
        );
        let [mistake] = mistakes.all() else { panic!("{url}: {mistakes:?}") };
        assert!(mistake.key.as_deref() == Some(key) && mistake.mistake.contains(word), "{url}: {mistake}");
        assert!(
            !["pa?ss", "ss@", "secret", "pa/"].iter().any(|part| mistake.mistake.contains(part)),
            "{url}: {mistake}"
        );
    }
    for url in ["postgres://me:pa%3Fss@host/vesting", "sqlite://pa ss%.db", "sqlite::memory:"] {
        assert!(load_with(|args| args.keys.set("database_url", url), &[]).is_ok(), "{url}");
    }
}

#[test]
fn a_file_with_a_byte_order_mark_is_read_and_one_with_mistakes_shows_no_line_of_it() {
    assert_eq!(load_file("\u{feff}netuids = [7]\n", |_| {}).unwrap().netuids, [NetUid(7)]);
    for text in [
        "netuids = [2]\ndatabase_url = \"postgres://me:Bettong1@host/x",
        "database_url = postgres://me:Bettong2@host/x",
        "endpoints = [\"wss://host/Bettong3\", {url = \"wss://host/Bettong4\"}]",
        "subnet = \"wss://host/Bettong5\"",
        "[subnet]\n2 = \"wss://host/Bettong6\"",
        "database_url = 7\napi_token = [\"Bettong7\"]",
        "bind = \"wss://host/Bettong8\"",
        "netuids = \"wss://host/Bettong9\"",
        "database_url = {password = \"Bettong10\"}",
    ] {
        let UsageError(words) = load_file(text, |_| {}).unwrap_err();
        assert!(!words.contains("Betto"), "{text}: {words}");
    }
    let UsageError(words) = load_file("netuids = [2]\nbind = 127.0.0.1", |_| {}).unwrap_err();
    assert!(words.contains("is not TOML at line 2, column "), "{words}");
}
