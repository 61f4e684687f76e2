//! The log without secrets.

use std::borrow::Cow;
use std::io::{self, Write};

use serde_json::Value;

/// Standard error, from which secrets are removed.
pub struct SecretFreeStderr {
    pub json: bool,
}

impl Write for SecretFreeStderr {
    /// Receives a whole event, as the subscriber writes it.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let shown = if self.json { hide_in_json(&text) } else { vesting_secret::hide(&text) };
        io::stderr().write_all(shown.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Removes secrets from a JSON object. Only its texts are changed, so it stays valid JSON.
fn hide_in_json(line: &str) -> Cow<'_, str> {
    if !vesting_secret::is_in(line) {
        return Cow::Borrowed(line);
    }
    let Ok(mut value) = serde_json::from_str::<Value>(line) else { return vesting_secret::hide(line) };
    hide_in(&mut value);
    Cow::Owned(format!("{value}\n"))
}

/// Removes secrets from every text in a value.
pub fn hide_in(value: &mut Value) {
    match value {
        Value::String(text) => *text = vesting_secret::hide(text).into_owned(),
        Value::Array(items) => items.iter_mut().for_each(hide_in),
        Value::Object(fields) => fields.values_mut().for_each(hide_in),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_secret_gets_into_the_log() {
        vesting_secret::keep("Dingo-88\"x\\y");
        vesting_secret::keep("12345678");
        let event = json!({
            "level": "WARN",
            "message": "me:Dingo-88\"x\\y@host",
            "head": 12_345_678,
            "of": ["o-88\"x\\y"],
        });
        let hidden: Value = serde_json::from_str(&hide_in_json(&event.to_string())).unwrap();
        assert_eq!(
            hidden,
            json!({ "level": "WARN", "message": "me:***@host", "head": 12_345_678, "of": ["***"] })
        );
        assert_eq!(hide_in_json("Dingo-88\"x\\y is no object"), "*** is no object");
        let plain = r#"{"message":"nothing"}"#;
        assert_eq!(hide_in_json(plain), plain);
    }
}
