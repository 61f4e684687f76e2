//! Every mistake is named at once, with its place.

use super::support::{load_file, load_with};
use crate::config::{ConfigArgs, examine, load};
use crate::exit::UsageError;

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

    // Every mistake in the syntax of TOML is named.
    std::fs::write(&path, "a = \nb = 3\nc = [\nd = \"x").unwrap();
    let (_, _, mistakes) = examine(&args, std::iter::empty());
    assert!(mistakes.all().len() >= 2, "{mistakes:?}");
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
