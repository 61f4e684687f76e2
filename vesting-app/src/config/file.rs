//! The configuration file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};
use vesting_core::NetUid;

use super::key::{Key, Shape};
use super::key_name::find_key;
use super::mistake::{Mistake, Mistakes};
use super::setting::{Setting, SettingMap, put_network_first, set};

/// The file that is read if it exists and no other is named.
pub const DEFAULT: &str = "vesting.toml";

/// The file to read: the one that is named, or the default if it exists.
pub fn path(named: Option<&Path>) -> Option<PathBuf> {
    let default = Path::new(DEFAULT);
    named.or_else(|| default.exists().then_some(default)).map(Path::to_owned)
}

/// Applies the file to the common settings. Returns what the subnets' tables say.
pub fn read(path: &Path, common: &mut SettingMap, mistakes: &mut Mistakes) -> BTreeMap<NetUid, SettingMap> {
    let Some(table) = parse(path, mistakes) else { return BTreeMap::new() };
    of_tables(table, &path.display().to_string(), common, mistakes)
}

fn parse(path: &Path, mistakes: &mut Mistakes) -> Option<Table> {
    let shown = path.display();
    let unreadable = |e| Mistake::plain(format!("cannot read the configuration file {shown}: {e}"));
    let text = mistakes.note_err(std::fs::read_to_string(path).map_err(unreadable))?;
    // Some editors begin a file with a byte-order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    // Secrets are registered before any message about the file, even if the file is wrong.
    text.lines().filter_map(|line| line.split_once('=')).for_each(|(key, value)| know(key, value));
    match text.parse() {
        Ok(table) => Some(table),
        Err(first) => {
            // All mistakes in the syntax, not only the first.
            let (_, all) = toml::de::DeTable::parse_recoverable(text);
            let all = if all.is_empty() { vec![first] } else { all };
            all.iter().for_each(|e| {
                mistakes.note(Mistake::plain(format!(
                    "{shown} is not TOML{}: {}",
                    place(text, e),
                    e.message()
                )))
            });
            None
        }
    }
}

/// Registers what may be a secret in a line.
fn know(key: &str, value: &str) {
    let value = value.trim().trim_matches(['"', '\'']);
    match Key::named(key.trim()) {
        Some(key) if key.is_secret() => vesting_secret::keep(value),
        _ => value
            .trim_matches(['[', ']'])
            .split(',')
            .map(|one| one.trim().trim_matches(['"', '\'']))
            .for_each(vesting_secret::keep_those_in),
    }
}

/// The place of a mistake. The line itself is not shown, because it may hold a secret.
fn place(text: &str, error: &toml::de::Error) -> String {
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return String::new() };
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
    format!(
        " at line {}, column {}",
        before.matches('\n').count().saturating_add(1),
        column.saturating_add(1)
    )
}

fn of_tables(
    mut table: Table,
    shown: &str,
    common: &mut SettingMap,
    mistakes: &mut Mistakes,
) -> BTreeMap<NetUid, SettingMap> {
    let subnets = match table.remove("subnet") {
        None => Table::new(),
        Some(Value::Table(subnets)) => subnets,
        Some(other) => {
            let why = format!(
                "{shown}: `subnet` cannot be {}; write a table [subnet.N] for subnet N",
                other.type_str()
            );
            mistakes.note(Mistake::of("subnet", why));
            Table::new()
        }
    };
    of_table(table, shown, common, false, mistakes);
    let mut all = BTreeMap::new();
    for (name, table) in subnets {
        let (source, key) = (format!("{shown} [subnet.{name}]"), format!("subnet.{name}"));
        let Ok(netuid) = name.parse::<u16>() else {
            mistakes.note(Mistake::of(
                key,
                format!("{source}: `{name}` is not a subnet, a number from 0 to 65535"),
            ));
            continue;
        };
        let Value::Table(table) = table else {
            mistakes.note(Mistake::of(
                key,
                format!(
                    "{shown}: `subnet.{name}` cannot be {}; write a table [subnet.{name}]",
                    table.type_str()
                ),
            ));
            continue;
        };
        let mut own = SettingMap::new();
        let mut of_subnet = Mistakes::default();
        of_table(table, &source, &mut own, true, &mut of_subnet);
        mistakes.take_over(netuid, of_subnet);
        if all.insert(NetUid(netuid), own).is_some() {
            mistakes.note(Mistake::of(key, format!("{source}: subnet {netuid} has two tables")));
        }
    }
    all
}

fn of_table(table: Table, source: &str, values: &mut SettingMap, policy_only: bool, mistakes: &mut Mistakes) {
    let mut layer = Vec::new();
    for (name, value) in table {
        let Some(key) = mistakes.note_err(find_key(&name, source)) else { continue };
        if policy_only && !key.of_policy {
            let why = format!(
                "{source}: `{name}` applies to all subnets: only keys of the policy may be in this table"
            );
            mistakes.note(Mistake::of(name, why));
            continue;
        }
        if let Some(value) = mistakes.note_err(text(key, value, source)) {
            layer.push((key, Setting { value, source: source.to_owned() }));
        }
    }
    put_network_first(&mut layer);
    layer.into_iter().for_each(|(key, setting)| set(values, key, setting));
}

/// A value as text, the way flags and variables write it.
fn text(key: &Key, value: Value, source: &str) -> Result<String, Mistake> {
    let name = key.name;
    let is_list = matches!(key.shape, Shape::Texts | Shape::Numbers);
    match value {
        Value::String(text) => Ok(text),
        // `Display` gives the shortest decimal with the same value, so 0.3 stays 0.3.
        Value::Integer(_) | Value::Float(_) if matches!(key.shape, Shape::Number | Shape::Numbers) => {
            Ok(value.to_string())
        }
        Value::Boolean(_) if key.shape == Shape::YesNo => Ok(value.to_string()),
        Value::Array(items) if is_list => {
            let items = items.into_iter().map(|item| match item {
                Value::String(text) => Ok(text),
                Value::Integer(number) if key.shape == Shape::Numbers => Ok(number.to_string()),
                other => Err(Mistake::of(
                    name,
                    format!("{source}: `{name}` has an item of the wrong type, {}", other.type_str()),
                )),
            });
            Ok(items.collect::<Result<Vec<_>, _>>()?.join(","))
        }
        other => {
            let wanted = match key.shape {
                Shape::Text => "text, in quotes",
                Shape::Number => "a number",
                Shape::YesNo => "true or false",
                Shape::Texts => "a list of texts, as [\"…\", \"…\"]",
                Shape::Numbers => "a list of numbers, as [2, 3]",
            };
            // A wrong value of a secret is not shown either.
            let shown =
                if key.may_hold_secrets() { format!("`{name}`") } else { format!("`{name} = {other}`") };
            Err(Mistake::of(name, format!("{shown} ({source}): it must be {wanted}")))
        }
    }
}
