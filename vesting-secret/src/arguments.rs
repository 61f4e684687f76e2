//! Secrets in arguments and variables.

use crate::SecretUrl;
use crate::known::learn;
use crate::url::suspicious;

/// Registers all possible secrets in an argument or an environment variable: URLs, and texts that mention a
/// password.
pub fn keep_those_in(text: &str) {
    // `--database-url=postgres://…`
    let text =
        if text.starts_with('-') { text.split_once('=').map_or(text, |(_, value)| value) } else { text };
    // The second condition finds a URL without a scheme, such as `me:password@host`.
    if text.contains("password") || (!text.contains("://") && text.contains('@')) {
        learn(suspicious(text));
    }
    if text.contains("://") {
        let list: Vec<SecretUrl> = text.split(',').map(SecretUrl::new).collect();
        // The commas may not separate URLs, but stand in one URL.
        if list.len() > 1 && list.iter().any(|url| url.check().is_err()) {
            drop(SecretUrl::new(text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{hide, is_in};

    #[test]
    fn arguments_and_variables_are_looked_through() {
        keep_those_in("--database-urll=postgres://me:Quokka41@host/x");
        keep_those_in("wss://h/Wombat52,wss://i/Numbat63");
        keep_those_in("host=h password='Bilby74 x' user=me");
        keep_those_in("me:Possum85@h");
        assert_eq!(hide("Possum85 Quokka41 Wombat52 Numbat63 Bilby74"), "*** *** *** *** ***");
        keep_those_in("wss://me:Dunnart,96@h");
        assert_eq!(hide("Dunnart,96"), "***");
        // A list of hosts is not a secret.
        keep_those_in("ws://127.0.0.1:4567,ws://127.0.0.1:4568");
        assert_eq!(hide("http://127.0.0.1:4568"), "http://127.0.0.1:4568");
        assert!(is_in("a Quokka41") && !is_in("a quoll"));
    }
}
