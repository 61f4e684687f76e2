//! Which values are refused, and why.

use vesting_core::policy::Redistribution;
use vesting_core::{NetUid, Rao};

use super::support::{load_file, load_with};
use crate::config::{ConfigArgs, examine, published};
use crate::exit::UsageError;

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
        load_with(|_| {}, &[("VESTING_FORMULA", "lineal")]),
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
        "formula = lineal` (VESTING_FORMULA): it must be geometric_mean or tiered or linear or logarithmic or \
         stake_tiers",
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
        "`keep_snapshots_days` is 29, but `retention_window_days` is 30: what is in the window is needed; \
         set `keep_snapshots_days` to 30",
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
fn a_formula_has_its_keys_and_theirs_are_its_digest() {
    let policy = |text: &str| load_file(text, |_| {}).unwrap().common_policy;
    let plain = policy("");
    let logarithmic = policy("formula = \"logarithmic\"\nduration_scale_days = 2.5");
    assert!(logarithmic.text().contains("formula logarithmic\nduration_scale_ms 216000000\n"));
    let table = policy(
        "formula = \"stake_tiers\"\nstake_tiers_on = \"held_rewards\"\nstake_tiers = [\"10:1.1\", \"20.5:1.5\"]",
    );
    let lines =
        "stake_tiers_on held_rewards\nstake_tiers_rao_ppb 10000000000:1100000000,20500000000:1500000000\n";
    assert!(table.text().contains(lines), "{}", table.text());
    // What another formula is set to does not bear on this one.
    let others =
        policy("duration_scale_days = 2.5\nstake_tiers_on = \"held_rewards\"\nstake_tiers = [\"10:1.1\"]");
    assert_eq!(others.digest(), plain.digest());
}

#[test]
fn a_wrong_key_of_a_formula_is_named_whichever_formula_is_used() {
    for formula in ["geometric_mean", "logarithmic", "stake_tiers"] {
        let rest = format!("formula = \"{formula}\"\n");
        for (wrong, why) in [
            ("opening_cap = 1001", "at most 1000"),
            ("opening_cap = -1", "not a decimal number"),
            ("duration_scale_days = 0", "at least a millisecond"),
            ("duration_scale_days = 3651", "at most 3650 days"),
            ("duration_scale_days = -1", "not a decimal number"),
            ("stake_tiers_on = \"manual\"", "stake or held_rewards"),
            ("stake_tiers = [\"10\"]", "there is no `:`"),
            ("stake_tiers = [\"10:x\"]", "1000:1.2"),
            ("stake_tiers = [\"10:0.9\"]", "at least 1"),
            ("stake_tiers = [\"10:1001\"]", "at most `max_multiplier`"),
            ("stake_tiers = [\"10:1.1\", \"10:1.2\"]", "above that of the line before"),
            ("stake_tiers = [\"10:1.2\", \"11:1.1\"]", "under that of the line before"),
        ] {
            let UsageError(words) = load_file(&format!("{rest}{wrong}"), |_| {}).unwrap_err();
            let key = wrong.split(' ').next().unwrap();
            assert_eq!(words.matches(&format!("`{key} = ")).count(), 1, "{formula}: {words}");
            assert!(words.contains(why), "{words}");
        }
    }
    let UsageError(words) = load_file("formula = \"stake_tiers\"", |_| {}).unwrap_err();
    assert!(words.contains("`stake_tiers` is not set: it must have from 1 to 64 lines"), "{words}");
    // A table may go up to this policy's own limit only.
    let high = "formula = \"stake_tiers\"\nstake_tiers = [\"10:1.6\"]";
    assert!(load_file(high, |_| {}).unwrap_err().0.contains("at most `max_multiplier`"));
    assert!(load_file(&format!("{high}\nmax_multiplier = 2"), |_| {}).is_ok());
}

#[test]
fn only_the_policy_that_is_pinned_is_accepted() {
    let default = load_file("", |_| {}).unwrap().common_policy.digest().to_string();
    let pin = |digest: &str| format!("expect_policy_digest = \"{digest}\"\n");
    assert!(load_file(&pin(&default), |_| {}).is_ok());
    assert!(load_file(&pin(&default.to_uppercase().replace("0X", "0x")), |_| {}).is_ok());
    // What is announced is not what a flag says.
    let UsageError(words) =
        load_file(&pin(&default), |args| args.keys.set("max_multiplier", "2")).unwrap_err();
    assert!(
        words.contains(&format!("`expect_policy_digest = {default}` (")) && words.contains("another one"),
        "{words}"
    );
    // Whoever only watches has the same policy.
    assert!(load_file(&format!("{}shadow = true", pin(&default)), |_| {}).is_ok());
    for digest in ["", "0x", "0xec72", "ec729c2eeaddf12347494ae7468d724edc8139fe522f728893f3ce9511665377"] {
        let UsageError(words) = load_file(&pin(digest), |_| {}).unwrap_err();
        assert!(words.contains("0x and 64 hexadecimal digits"), "{digest}: {words}");
    }
    // A mistake in the policy is the only thing that is said of it.
    let UsageError(words) = load_file(&format!("{}max_multiplier = 0", pin(&default)), |_| {}).unwrap_err();
    assert!(words.contains("max_multiplier") && !words.contains("expect_policy_digest"), "{words}");
    // A subnet that is not followed is not judged.
    let table = format!("[subnet.5]\nmax_multiplier = 2\n{}", pin(&default));
    assert!(load_file(&table, |args| args.keys.set("netuids", "6")).is_ok());
    let UsageError(words) = load_file(&table, |args| args.keys.set("netuids", "5")).unwrap_err();
    assert!(words.contains("of subnet 5"), "{words}");
}

#[test]
fn a_published_policy_is_read_as_it_was() {
    let own = "max_multiplier = 1.1\n[subnet.5]\nformula = \"stake_tiers\"\nmax_multiplier = 3\nshadow = true\n\
        stake_tiers = [\"10:1.5\", \"20:3\"]\nopening_cap = 1\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.toml");
    std::fs::write(&path, own).unwrap();
    let args = ConfigArgs { config: Some(path), ..ConfigArgs::default() };
    let (layers, config, _) = examine(&args, std::iter::empty());
    for netuid in [Some(NetUid(5)), Some(NetUid(6)), None] {
        let policy = netuid.map_or(&config.common_policy, |netuid| config.policy(netuid));
        let text = published(&layers, policy, netuid);
        assert!(!text.contains("shadow"), "{text}");
        let read = load_file(&text, |args| {
            netuid.iter().for_each(|netuid| args.keys.set("netuids", &netuid.to_string()));
        });
        let (read, netuid) = (read.unwrap(), netuid.unwrap_or(NetUid(0)));
        assert_eq!(read.policy(netuid).text(), config.policy(netuid).text());
    }
}

#[test]
fn what_is_kept_is_at_least_the_longest_window_at_hand() {
    let text = "keep_snapshots_days = 40\n\
        [subnet.5]\nretention_window_days = 40.5\n\
        [subnet.6]\nretention_window_days = 40";
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
fn warnings_are_those_of_the_subnets_in_use() {
    let text = "formula = \"tiered\"\n\
        [subnet.5]\nretention_window_days = 90\n\
        [subnet.6]\nretention_window_days = 20";
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
