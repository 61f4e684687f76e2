//! The description of the API against what the server answers.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::api::{BLOCKS, history, record};
use crate::daemon::{Answer, Daemon};

/// What is wrong with a value, by a schema of the document; of JSON Schema as much as the document uses.
fn check(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        return check(document, document.pointer(name.trim_start_matches('#')).unwrap(), value, at);
    }
    for (choice, most) in [("anyOf", usize::MAX), ("oneOf", 1)] {
        let Some(all) = schema[choice].as_array() else { continue };
        let why: Vec<String> = all.iter().filter_map(|one| check(document, one, value, at).err()).collect();
        return match all.len() - why.len() {
            0 => Err(why.join("; or ")),
            fitting if fitting <= most => Ok(()),
            fitting => Err(format!("{at} is {value}, which fits {fitting} schemas of {schema}")),
        };
    }
    let types: Vec<&str> = schema["type"].as_array().map_or_else(
        || schema["type"].as_str().into_iter().collect(),
        |all| all.iter().filter_map(Value::as_str).collect(),
    );
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_u64() || number.is_i64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = types.contains(&found) || found == "integer" && types.contains(&"number");
    if !fits {
        return Err(format!("{at} is {value}, not {types:?}"));
    }
    if schema["enum"].as_array().is_some_and(|all| !all.contains(value)) {
        return Err(format!("{at} is {value}, not one of {}", schema["enum"]));
    }
    if let Some(number) = value.as_f64()
        && (schema["minimum"].as_f64().is_some_and(|least| number < least)
            || schema["maximum"].as_f64().is_some_and(|most| number > most))
    {
        return Err(format!("{at} is {value}, beyond {schema}"));
    }
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let (Some(text), Some(pattern)) = (value.as_str(), schema["pattern"].as_str()) {
        let fits = match pattern {
            "^-?[0-9]+$" => is_digits(text.strip_prefix('-').unwrap_or(text)),
            r"^[0-9]+\.[0-9]{9}$" => text
                .split_once('.')
                .is_some_and(|(whole, part)| is_digits(whole) && is_digits(part) && part.len() == 9),
            "^5[1-9A-HJ-NP-Za-km-z]{47}$" => text.starts_with('5') && text.len() == 48,
            "^0x[0-9a-f]{64}$" => text.starts_with("0x") && text.len() == 66,
            other => panic!("{at}: no test knows the pattern {other}"),
        };
        if !fits {
            return Err(format!("{at} is {value}, not {pattern}"));
        }
    }
    if let Some(items) = value.as_array() {
        return items.iter().enumerate().try_for_each(|(place, item)| {
            check(document, &schema["items"], item, &format!("{at}[{place}]"))
        });
    }
    let Some(members) = value.as_object() else { return Ok(()) };
    let Some(known) = schema["properties"].as_object() else { return Ok(()) };
    if schema["additionalProperties"] != false {
        return Err(format!("{at} may have other members than those described"));
    }
    let missing = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .find(|name| !members.contains_key(*name));
    if let Some(name) = missing {
        return Err(format!("{at} has no `{name}`"));
    }
    members.iter().try_for_each(|(name, member)| match known.get(name) {
        Some(schema) => check(document, schema, member, &format!("{at}.{name}")),
        None => Err(format!("{at}.{name} is not described")),
    })
}

/// The parameters of an operation.
fn parameters(operation: &Value) -> impl Iterator<Item = &Value> {
    operation["parameters"].as_array().into_iter().flatten()
}

fn is_described(document: &Value, path: &str, method: &str, answer: &Answer) {
    let mut described = &document["paths"][path][method]["responses"][answer.status.to_string()];
    if let Some(name) = described["$ref"].as_str() {
        described = document.pointer(name.trim_start_matches('#')).unwrap();
    }
    let content = described["content"].as_object().unwrap_or_else(|| panic!("{path}: {answer:?}"));
    let kind = answer.head.split("content-type: ").nth(1).unwrap().lines().next().unwrap();
    let schema = &content.get(kind).unwrap_or_else(|| panic!("{path}: {kind}"))["schema"];
    if kind.ends_with("json") {
        check(document, schema, &answer.body, path).unwrap();
    } else {
        let begins = if path == "/metrics" { "# HELP vesting_" } else { "<svg " };
        assert!(answer.text.starts_with(begins), "{path}");
    }
    assert_eq!(
        described["headers"]["vesting-stale"].is_object(),
        answer.status == 200 && answer.head.contains("vesting-stale: "),
        "{path}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_answers_as_its_description_says() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), &history(48), BLOCKS).await;
    tokio::task::spawn_blocking(move || {
        let daemon = Daemon::start(folder.path(), &["--read-only"]);
        let document = daemon.get("/openapi.json").body;
        assert_eq!(document["openapi"], "3.1.0");
        let miners = daemon.get("/v1/miners?netuid=2").body;
        let epochs = daemon.get("/v1/epochs?netuid=2").body;
        let mut seen = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            let (method, operation) = item.as_object().unwrap().iter().next().unwrap();
            let filled = path
                .replace("{hotkey}", miners[0]["hotkey"].as_str().unwrap())
                .replace("{coldkey}", miners[0]["coldkey"].as_str().unwrap())
                .replace("{block}", &epochs[1]["block"].to_string());
            let described: BTreeSet<&str> = parameters(operation)
                .filter(|one| one["in"] == "query")
                .map(|one| one["name"].as_str().unwrap())
                .collect();
            // What is not known is refused with all that is.
            if path.starts_with("/v1") || path.starts_with("/charts") {
                let refused = daemon.ask(
                    &format!("{} {filled}?nonsense=1 HTTP/1.1\r\n", method.to_uppercase()),
                    r#"{"weights": []}"#,
                );
                refused.is_problem(400, "bad-input", "`nonsense`");
                is_described(&document, path, method, &refused);
                let known =
                    refused.body["detail"].as_str().unwrap().rsplit_once("there are: ").unwrap().1.to_owned();
                let known: BTreeSet<&str> = known.split(", ").filter(|name| *name != "none").collect();
                assert_eq!(known, described, "{path}");
            }
            let mut queries = vec![String::new()];
            match path.as_str() {
                // It does not end.
                "/v1/events" => continue,
                "/v1/digest/rows" => {
                    let section = parameters(operation).find(|one| one["name"] == "section");
                    let sections = section.unwrap()["schema"]["enum"].as_array().unwrap();
                    queries = sections
                        .iter()
                        .map(|section| format!("section={}", section.as_str().unwrap()))
                        .collect();
                }
                "/v1/whatif" | "/charts/multipliers" => {
                    queries =
                        vec!["retention_target=0.5&formula=tiered&retention_window_days=0.01".to_owned()]
                }
                _ => {}
            }
            for query in queries {
                let netuid = if described.contains("netuid") { "netuid=2&" } else { "" };
                let asked =
                    if described.is_empty() { filled.clone() } else { format!("{filled}?{netuid}{query}") };
                let body = json!({ "uids": [0, 1], "weights": [0.4, 0.6] }).to_string();
                let body = if method == "post" { body.as_str() } else { "" };
                let answer = daemon.ask(&format!("{} {asked} HTTP/1.1\r\n", method.to_uppercase()), body);
                let status = match path.as_str() {
                    // A record of long ago is not ready.
                    "/health/ready" => 503,
                    // Who only reads does not go on.
                    "/v1/update" => 409,
                    // A whole record is told with a token only, and none is set.
                    "/v1/export" => 403,
                    _ => 200,
                };
                assert_eq!(answer.status, status, "{asked}: {answer:?}");
                is_described(&document, path, method, &answer);
                seen.insert(path.as_str());
            }
            if described.contains("as_of") {
                let netuid = daemon.ask(
                    &format!("{} {filled}?netuid=9&section=holders HTTP/1.1\r\n", method.to_uppercase()),
                    "",
                );
                assert!([400, 404].contains(&netuid.status), "{netuid:?}");
                is_described(&document, path, method, &netuid);
            }
        }
        assert!(seen.len() > 14, "{seen:?}");
        accepted(&daemon, &document);
        // A wrong answer would be seen.
        let miner = &document["components"]["schemas"]["Miner"];
        let mut altered = miners[0].clone();
        altered["uid"] = "0".into();
        check(&document, miner, &altered, "miner").unwrap_err();
        altered["uid"] = 0.into();
        altered["more"] = 0.into();
        check(&document, miner, &altered, "miner").unwrap_err();
        altered.as_object_mut().unwrap().retain(|name, _| name != "more" && name != "stake");
        check(&document, miner, &altered, "miner").unwrap_err();
        check(&document, miner, &miners[0], "miner").unwrap();
    })
    .await
    .unwrap();
}

/// Values of a parameter that its description allows, at its ends, and some that it does not.
fn values(schema: &Value) -> (Vec<String>, Vec<String>) {
    if let Some(all) = schema["enum"].as_array() {
        return (
            all.iter().map(|one| one.as_str().unwrap().to_owned()).collect(),
            vec!["AAA".to_owned(), String::new()],
        );
    }
    if schema["type"] == "boolean" {
        return (vec!["true".to_owned(), "false".to_owned()], vec!["AAA".to_owned(), "1".to_owned()]);
    }
    let wrong = ["AAA", "NaN", "1e3", "-1"].map(str::to_owned);
    if let Some(examples) = schema["examples"].as_array() {
        return (examples.iter().map(|one| one.as_str().unwrap().to_owned()).collect(), wrong.into());
    }
    if schema["type"] == "integer" {
        let [least, most] = ["minimum", "maximum"].map(|name| u128::from(schema[name].as_u64().unwrap()));
        let beyond =
            [least.checked_sub(1), Some(most + 1)].into_iter().flatten().map(|number| number.to_string());
        return (vec![least.to_string(), most.to_string()], wrong.into_iter().chain(beyond).collect());
    }
    // A decimal: its places are a billionth apart.
    let text = |number: f64| format!("{number:.9}");
    let end = |name: &str, exclusive: &str, inwards: f64| match schema[name].as_f64() {
        Some(end) => (text(end), text(end - inwards)),
        None => {
            (text(schema[exclusive].as_f64().unwrap() + inwards), text(schema[exclusive].as_f64().unwrap()))
        }
    };
    let (least, below) = end("minimum", "exclusiveMinimum", 0.000_000_001);
    let (most, _) = end("maximum", "exclusiveMaximum", -0.5);
    let above = text(schema["maximum"].as_f64().or(schema["exclusiveMaximum"].as_f64()).unwrap() + 1.0);
    (vec![least, most], wrong.into_iter().chain([below, above, "0.0000000001".to_owned()]).collect())
}

/// What the description allows is accepted, and what it does not is refused by the parameter's name, wherever
/// it may stand and whether or not it would bear on the answer.
fn accepted(daemon: &Daemon, document: &Value) {
    let mut tried = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let Some(operation) = item.get("get").filter(|_| path != "/v1/events") else { continue };
        let filled = path.replace("{hotkey}", "uid:0").replace("{coldkey}", NOBODY).replace("{block}", "20");
        for parameter in parameters(operation) {
            let name = parameter["name"].as_str().unwrap();
            if parameter["in"] != "query" || !tried.insert((name.to_owned(), path.starts_with("/charts"))) {
                continue;
            }
            let (right, wrong) = values(&parameter["schema"]);
            let ask = |value: &str| {
                let netuid = if name == "netuid" { "" } else { "&netuid=2" };
                let section =
                    if path.ends_with("/rows") && name != "section" { "&section=entries" } else { "" };
                // What these need beside them.
                let more = match (name, value) {
                    ("redistribution", "burn") => "&burn_uid=0",
                    ("redistribution", "threshold") => "&threshold_factor=0.5",
                    ("formula", "stake_tiers") => "&stake_tiers=10:1.1",
                    _ => "",
                };
                daemon.get(&format!("{filled}?{name}={value}{netuid}{section}{more}"))
            };
            for value in right {
                let answer = ask(&value);
                assert_ne!(answer.status, 400, "{path} {name}={value}: {answer:?}");
            }
            for value in wrong {
                let answer = ask(&value);
                assert_eq!(
                    (answer.status, &answer.body["field"]),
                    (400, &name.into()),
                    "{path} {name}={value}: {answer:?}"
                );
            }
        }
    }
    assert!(tried.len() > 20, "{tried:?}");
    // A uid as it is described, and an address whose pattern is right and whose checksum is not.
    daemon.get("/v1/miners/uid:65535?netuid=2").is_problem(404, "nobody", "uid:65535");
    let mistyped = NOBODY.replace("QY", "QZ");
    daemon.get(&format!("/v1/coldkeys/{mistyped}?netuid=2")).is_problem(400, "bad-input", "mistyped");
}

const NOBODY: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
