//! A configuration file with every key, to start from.

use super::key::{KEYS, Key, Shape};

const HEADING: &str = "\
# Settings of vesting. Every key is here. A line that begins with # and a key, without a space between
# them, shows a default: remove the # to change it. Flags (--key-with-dashes) and variables (VESTING_KEY)
# come before this file; BT_NETWORK and BT_CHAIN_ENDPOINT come after it. `vesting config check` names
# mistakes, and `vesting config show` tells what is in force and where it comes from.
";

const POLICY: &str = "
# The policy: validators that share it get the same multipliers.
";

const SUBNETS: &str = "
# A subnet may have keys of the policy of its own, in a table at the end of this file:
# [subnet.2]
# retention_window_days = 14
";

/// The width of a comment in the file.
const WIDTH: usize = 110;

/// The text of the file.
pub fn template() -> String {
    let mut text = HEADING.to_owned();
    KEYS.iter().filter(|key| !key.of_policy).for_each(|key| describe(key, &mut text));
    text.push_str(POLICY);
    KEYS.iter().filter(|key| key.of_policy).for_each(|key| describe(key, &mut text));
    text.push_str(SUBNETS);
    text
}

fn describe(key: &Key, text: &mut String) {
    let unit = key.unit.map_or_else(String::new, |unit| format!(" Unit: {unit}."));
    let unset = if key.default.is_none() { " Unset by default; for example:" } else { "" };
    text.push('\n');
    for line in wrap(&format!("{}.{unit}{unset}", key.meaning)) {
        text.push_str(&format!("# {line}\n"));
    }
    match key.default {
        Some(default) => text.push_str(&format!("#{} = {}\n", key.name, written(key, default))),
        None => text.push_str(&format!("# {} = {}\n", key.name, written(key, key.example))),
    }
}

/// A value as the file writes it.
pub fn written(key: &Key, value: &str) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    match key.shape {
        Shape::Number | Shape::YesNo => value.to_owned(),
        Shape::Text => quoted(value),
        Shape::Texts => format!("[{}]", value.split(',').map(quoted).collect::<Vec<_>>().join(", ")),
        Shape::Numbers => format!("[{}]", value.split(',').collect::<Vec<_>>().join(", ")),
    }
}

fn wrap(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
