//! Secrets in the arguments and variables of the process. They are registered before anything is printed.
//!
//! Takes from nothing here.

use std::ffi::OsString;

use vesting_secret::{keep, keep_those_in};

/// Flags whose values are always secret.
const FLAGS: [&str; 2] = ["--api-token", "--token"];

/// Variables whose values are always secret.
const VARIABLES: [&str; 3] = ["VESTING_API_TOKEN", "PGPASSWORD", "PGSSLPASSWORD"];

/// Registers the secrets in arguments and variables, including those that are not understood later.
pub fn register(
    arguments: impl Iterator<Item = OsString>,
    variables: impl Iterator<Item = (OsString, OsString)>,
) {
    let mut is_secret = false;
    for argument in arguments {
        let argument = argument.to_string_lossy();
        let (flag, value) =
            argument.split_once('=').map_or((argument.as_ref(), None), |(flag, value)| (flag, Some(value)));
        match value {
            _ if is_secret => keep(&argument),
            Some(value) if FLAGS.contains(&flag) => keep(value),
            _ => keep_those_in(&argument),
        }
        is_secret = value.is_none() && FLAGS.contains(&flag);
    }
    for (name, value) in variables {
        let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
        let is_read = ["VESTING_", "BT_", "PG"].iter().any(|start| name.starts_with(start));
        if VARIABLES.contains(&name.as_ref()) {
            keep(value.trim());
        } else if is_read || name.to_ascii_lowercase().ends_with("_proxy") {
            keep_those_in(&value);
        }
    }
}

#[cfg(test)]
mod tests {
    use vesting_secret::hide;

    use super::*;

    #[test]
    fn arguments_and_variables_are_known_whatever_becomes_of_them() {
        let arguments = [
            "vesting",
            "--api-token",
            "Emu-flag-1",
            "--token=Emu-flag-2",
            "frobnicate",
            "wss://me:Emu-flag-3@host",
        ];
        let variables = [
            ("VESTING_API_TOKEN", "Emu-name-1"),
            ("PGPASSWORD", "Emu-name-2"),
            ("VESTING_DATABASE", "postgres://me:Emu-name-3@host/x"),
            ("BT_CHAIN_ENDPOINT", "wss://host/Emu-name-4"),
            ("https_proxy", "http://me:Emu-name-5@host"),
            ("SOMETHING", "https://host/Emu-else-6"),
        ];
        register(
            arguments.into_iter().map(Into::into),
            variables.into_iter().map(|(name, value)| (name.into(), value.into())),
        );
        for text in arguments.into_iter().chain(variables.map(|(_, value)| value)) {
            let said = hide(text);
            assert_eq!(said.contains("Emu-"), text.contains("else"), "{said}");
        }
        assert_eq!(hide("vesting frobnicate --api-token"), "vesting frobnicate --api-token");
    }
}
