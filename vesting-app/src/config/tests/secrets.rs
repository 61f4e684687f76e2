//! No secret is shown, whatever is wrong.

use vesting_core::NetUid;

use super::support::{load_file, load_with};
use crate::config::{ConfigArgs, Token, examine, lines, load};
use crate::exit::UsageError;

#[test]
fn a_token_is_not_printed() {
    let config = load_with(|_| {}, &[("VESTING_API_TOKEN", "hunter2")]).unwrap();
    assert_eq!(config.api_token, Some(Token("hunter2".into())));
    assert!(!format!("{config:?}").contains("hunter2"));
    let UsageError(words) = load_with(|_| {}, &[("VESTING_API_TOKEN", "hunter 2")]).unwrap_err();
    assert!(!words.contains("hunter"), "{words}");
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
