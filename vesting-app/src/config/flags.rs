//! Every key as a flag of the command line.

use std::collections::BTreeMap;
use std::fmt;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use super::key::{KEYS, Key, Shape};

/// The keys that are set on the command line, with their values.
#[derive(Default, Clone)]
pub struct Flags(BTreeMap<&'static str, String>);

/// Shows the keys only: a value may be a secret.
impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Flags {
    /// Whether a key is set.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The keys that are set, with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Key, &str)> {
        KEYS.iter().filter_map(|key| self.0.get(key.name).map(|value| (key, value.as_str())))
    }

    #[cfg(test)]
    pub fn set(&mut self, name: &'static str, value: &str) {
        self.0.insert(name, value.to_owned());
    }
}

impl Args for Flags {
    fn augment_args(command: Command) -> Command {
        KEYS.iter().fold(command, |command, key| command.arg(arg(key)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn arg(key: &Key) -> Arg {
    let help = match key.default {
        Some(default) => format!("{} [default: {default}]", key.meaning),
        None => key.meaning.to_owned(),
    };
    let (shown, hidden) = key.aliases;
    let arg = Arg::new(key.name).long(key.flag()).global(true).value_name(key.value_name).help(help);
    let arg = arg.visible_aliases(shown.iter().copied()).aliases(hidden.iter().copied());
    match key.shape {
        Shape::YesNo => arg.num_args(0..=1).default_missing_value("true"),
        _ => arg,
    }
}

impl FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0
            .extend(KEYS.iter().filter_map(|key| {
                matches.get_one::<String>(key.name).map(|value| (key.name, value.clone()))
            }));
        Ok(())
    }
}
