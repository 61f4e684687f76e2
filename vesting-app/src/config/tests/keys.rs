//! Every key is a flag, a variable, a key of the file and a line of what is shown.

use clap::{Args, Command};
use vesting_core::NetUid;

use super::support::{load_file, load_with};
use crate::config::key::{KEYS, Key, PIN, Shape};
use crate::config::{ConfigArgs, examine, lines, template};

/// The keys that the design lists, and the one that came with what it switches.
const DESIGN: &str = "\
    network endpoints archive_endpoints netuids database_url minimum_stake retention_window_days \
    retention_target max_multiplier use_background_thread query_interval_seconds duration_rule formula \
    below_minimum redistribution threshold_factor absolute_threshold burn_uid effective_from_block \
    shadow max_requests_in_flight bind api_token allow_public_without_token stale_after_seconds \
    keep_snapshots_days unattributed";

/// Keys that came later.
const LATER: &str = "log_format bootstrap bootstrap_token bootstrap_digest_from bootstrap_digest_token \
    duration_scale_days stake_tiers stake_tiers_on opening_cap expect_policy_digest";

/// A value that the key allows and that is not its default.
fn another(key: &Key) -> &'static str {
    match key.name {
        "network" => "local",
        "database_url" => "sqlite://other.db",
        "minimum_stake" | "retention_target" | "threshold_factor" | "absolute_threshold" => "0.5",
        "retention_window_days" => "7",
        "duration_scale_days" => "3",
        "stake_tiers_on" => "held_rewards",
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

/// The value of a key as it is shown, with its source.
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

    let command = ConfigArgs::augment_args(Command::new("vesting"));
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
    let count = |netuid| {
        mistakes.all().iter().filter(|m| m.netuid == netuid && m.key.as_deref() == Some("bind")).count()
    };
    assert_eq!((count(None), count(Some(3))), (1, 1), "{:?}", mistakes.all());
}

#[test]
fn the_file_to_begin_with_equals_the_defaults() {
    let plain = load_with(|_| {}, &[]).unwrap();
    assert_eq!(load_file(&template(), |_| {}).unwrap(), plain);
    // The same with every default uncommented.
    let set: String = template()
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line))
        .fold(String::new(), |text, line| text + line + "\n");
    assert_eq!(
        set.parse::<toml::Table>().unwrap().len(),
        KEYS.iter().filter(|key| key.default.is_some()).count()
    );
    assert_eq!(load_file(&set, |_| {}).unwrap(), plain);
    // The examples can be read, too.
    let examples: String = template()
        .lines()
        .map(|line| line.trim_start_matches(['#', ' ']))
        // A pin belongs to one policy, and this one has all the examples.
        .filter(|line| line.contains(" = ") && !line.starts_with(PIN))
        .fold(String::new(), |text, line| {
            if KEYS.iter().any(|key| line.starts_with(&format!("{} = ", key.name))) {
                text + line + "\n"
            } else {
                text
            }
        });
    // The last example belongs into a table.
    let (common, _) = examples.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(load_file(common, |_| {}).unwrap().netuids, [NetUid(2), NetUid(3)]);
}
