//! A panic, logged.

use std::io::{self, Write};
use std::panic::PanicHookInfo;

use serde_json::json;

use super::start::is_json;

/// Logs a panic like any other error: where it was and what it said, without secrets.
pub fn log_panic(info: &PanicHookInfo<'_>) {
    let place =
        info.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
    let payload = info.payload();
    let said = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let words = panic_message(said.unwrap_or("it does not say why"), &place);
    let line = if is_json() { json!({ "level": "ERROR", "message": words }).to_string() } else { words };
    // If standard error is gone, there is nowhere else to write.
    let _ = writeln!(io::stderr(), "{line}");
}

fn panic_message(said: &str, place: &str) -> String {
    format!("a mistake in the program{place}, please report it: {}", vesting_secret::hide(said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_gets_into_the_words_of_a_panic() {
        vesting_secret::keep("Potoroo-99-key");
        assert_eq!(
            panic_message("called `Option::unwrap()` on wss://me:Potoroo-99-key@host", " at src/x.rs:7"),
            "a mistake in the program at src/x.rs:7, please report it: called `Option::unwrap()` on \
             wss://me:***@host"
        );
        // The hook itself, as the runtime calls it, writes the same message.
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(log_panic));
        let ended = std::panic::catch_unwind(|| std::panic::panic_any(7));
        std::panic::set_hook(before);
        assert!(ended.is_err());
    }
}
