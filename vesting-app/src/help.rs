//! What the help of each command shows: of the settings only those that it reads.
//!
//! Every command takes every setting, so that one file and one set of variables serve them all. `vesting help
//! settings` lists them.
//!
//! Takes from `config` and `cli`.

use clap::{Arg, Command, CommandFactory, FromArgMatches};

use crate::cli::Cli;
use crate::config::policy_keys;

const CHAIN: &[&str] = &["network", "endpoints", "archive_endpoints", "max_requests_in_flight"];
const RECORD: &[&str] = &["netuids", "database_url"];

/// What the short help shows of them. All of them need more than a screen, and are in the long one.
const SHORT: &[&str] = &["config", "network", "netuids", "database_url", "bind", "json"];

/// What is for every command.
const OPTIONS: &[&str] = &["config", "json", "log_format"];

/// The settings that a command reads.
enum Reads {
    /// All there are; the short help shows them too if `short`.
    All { short: bool },
    /// These, and the policy where it says so.
    Some { keys: &'static [&'static [&'static str]], policy: bool },
    /// Not even the configuration file.
    Nothing,
}

/// The settings that the command of this path reads.
fn reads(path: &[&str]) -> Reads {
    let keys = |keys| Reads::Some { keys, policy: false };
    let policy = |keys| Reads::Some { keys, policy: true };
    match path {
        ["settings"] => Reads::All { short: true },
        ["run" | "doctor"] | ["config", "check" | "show" | "policy"] => Reads::All { short: false },
        ["catch-up"] | ["db", "import"] => policy(&[RECORD, CHAIN]),
        ["update"] => policy(&[RECORD, CHAIN, &["bind", "api_token"]]),
        ["demo"] => policy(&[&["database_url", "bind"]]),
        ["miners" | "stats" | "explain" | "history" | "whatif" | "digest" | "apply"] => policy(&[RECORD]),
        ["db", "prune"] => policy(&[RECORD, &["keep_snapshots_days"]]),
        ["db", "repair"] => keys(&[RECORD, CHAIN]),
        ["epochs" | "ledger"] | ["db", "check" | "export"] => keys(&[RECORD]),
        ["db", "migrate"] => keys(&[&["database_url"]]),
        ["simnode"] => keys(&[]),
        // Those of which the commands are one level further, and those that have no settings.
        _ => Reads::Nothing,
    }
}

/// Reads the command line.
pub fn parse() -> Result<Cli, clap::Error> {
    let mut matches = command_line().try_get_matches()?;
    Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command_line()))
}

/// The command line, with help that shows of the settings only those that a command reads.
pub fn command_line() -> Command {
    let cli = Cli::command();
    let settings: Vec<Arg> = cli.get_arguments().filter(|arg| arg.is_global_set()).cloned().collect();
    with_settings(cli, &settings, &[]).mut_args(|arg| if arg.is_global_set() { arg.hide(true) } else { arg })
}

/// All settings, as the help lists them.
pub fn settings() -> String {
    let mut command = command_line();
    command.build();
    let found = command.find_subcommand_mut("settings");
    found.map(|settings| settings.render_long_help().to_string()).unwrap_or_default()
}

/// A command, whose own commands show the settings that they read.
///
/// A setting that a command has itself is not handed down to it, so that it can look otherwise there.
fn with_settings(command: Command, settings: &[Arg], path: &[&str]) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|own| own.get_name().to_owned()).collect();
    names.iter().fold(command, |command, name| {
        let path: Vec<&str> = path.iter().copied().chain([name.as_str()]).collect();
        command.mut_subcommand(name, |own| {
            let reads = reads(&path);
            let own = own.args(settings.iter().map(|arg| as_read(arg, &reads)));
            let own = match reads {
                Reads::Nothing | Reads::All { short: true } => own,
                Reads::All { .. } | Reads::Some { .. } => with_hint(own),
            };
            with_settings(own, settings, &path)
        })
    })
}

/// A setting as the help of a command shows it that reads these.
fn as_read(setting: &Arg, reads: &Reads) -> Arg {
    let name = setting.get_id().as_str();
    let (is_read, in_short) = match reads {
        Reads::All { short } => (true, *short || SHORT.contains(&name)),
        Reads::Nothing => (false, false),
        Reads::Some { keys, policy } => {
            let is_key = keys.iter().any(|some| some.contains(&name));
            let is_policy = *policy && policy_keys().any(|key| key == name);
            (is_key || is_policy || OPTIONS.contains(&name), SHORT.contains(&name))
        }
    };
    setting.clone().hide(!is_read).hide_short_help(!in_short)
}

/// A command whose help says, after its examples, where all settings are.
fn with_hint(command: Command) -> Command {
    let examples = command.get_after_help().map(|text| format!("{text}\n\n")).unwrap_or_default();
    command.after_help(format!("{examples}All settings: vesting help settings"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every command that does something, with its path.
    fn commands(command: &Command, path: &[String]) -> Vec<(Vec<String>, Command)> {
        let own = command.get_subcommands().filter(|own| own.get_name() != "help");
        own.flat_map(|own| {
            let path: Vec<String> = path.iter().cloned().chain([own.get_name().to_owned()]).collect();
            match own.has_subcommands() {
                true => commands(own, &path),
                false => vec![(path, own.clone())],
            }
        })
        .collect()
    }

    #[test]
    fn every_command_says_which_settings_it_reads_and_takes_them_all() {
        let mut built = command_line();
        built.build();
        let nothing = ["completions", "man", "config init"];
        let settings_there_are = Cli::command().get_arguments().filter(|arg| arg.is_global_set()).count();
        let all = commands(&built, &[]);
        assert!(all.len() > 20, "{}", all.len());
        for (path, command) in all {
            let path = path.join(" ");
            let settings = command.get_arguments().filter(|arg| arg.is_global_set());
            let (shown, hidden): (Vec<&Arg>, Vec<&Arg>) = settings.partition(|arg| !arg.is_hide_set());
            assert_eq!(shown.is_empty(), nothing.contains(&path.as_str()), "{path} shows {}", shown.len());
            assert_eq!(shown.len() + hidden.len(), settings_there_are, "{path} takes them all");
        }
    }

    #[test]
    fn the_short_help_of_every_command_fits_a_screen() {
        let mut built = command_line();
        built.build();
        for (path, mut command) in commands(&built, &[]) {
            if path == ["settings"] {
                continue;
            }
            let lines = command.render_help().to_string().lines().count();
            assert!(lines <= 50, "{path:?} has {lines} lines");
        }
        let lines = built.render_help().to_string().lines().count();
        assert!(lines <= 50, "vesting itself has {lines} lines");
    }

    #[test]
    fn a_setting_is_understood_before_and_after_a_command_that_hides_it() {
        for arguments in
            [["vesting", "--bind", "127.0.0.1:1", "miners"], ["vesting", "miners", "--bind", "127.0.0.1:1"]]
        {
            let mut matches = command_line().try_get_matches_from(arguments).unwrap();
            let cli = Cli::from_arg_matches_mut(&mut matches).unwrap();
            assert!(cli.config.keys.has("bind"), "{arguments:?}");
        }
    }
}
