//! Reads typed values. A mistake names the key, the value and its source.

use std::time::Duration;

use vesting_core::Ppb;

use super::key::Key;
use super::mistake::Mistake;
use super::secret::Token;
use super::setting::SettingMap;

/// The merged values of all layers.
pub struct Values<'a>(pub &'a SettingMap);

impl Values<'_> {
    pub fn get(&self, key: &str) -> Option<(&str, &str)> {
        self.0.get(key).map(|setting| (setting.value.trim(), setting.source.as_str()))
    }

    pub fn wrong(&self, key: &str, why: &dyn std::fmt::Display) -> Mistake {
        Mistake::of(
            key,
            match self.get(key) {
                // A wrong value of a secret is not shown either.
                Some((_, source)) if Key::named(key).is_some_and(Key::may_hold_secrets) => {
                    format!("`{key}` ({source}): {why}")
                }
                Some((value, source)) => format!("`{key} = {value}` ({source}): {why}"),
                None => format!("`{key}` is not set: {why}"),
            },
        )
    }

    pub fn text(&self, key: &str) -> &str {
        self.get(key).unwrap_or_default().0
    }

    pub fn decimal(&self, key: &str) -> Result<Ppb, Mistake> {
        self.get(key).map_or(Ok(Ppb(0)), |(value, _)| value.parse::<Ppb>().map_err(|e| self.wrong(key, &e)))
    }

    pub fn optional_decimal(&self, key: &str) -> Result<Option<Ppb>, Mistake> {
        self.get(key).map(|_| self.decimal(key)).transpose()
    }

    pub fn whole(&self, key: &str) -> Result<Option<u64>, Mistake> {
        self.get(key)
            .map(|(value, _)| value.parse::<u64>().map_err(|_| self.wrong(key, &"it must be a whole number")))
            .transpose()
    }

    /// A whole number from 1 to `most`.
    pub fn up_to(&self, key: &str, most: u64) -> Result<u64, Mistake> {
        let number = self.whole(key)?.unwrap_or_default();
        if (1..=most).contains(&number) {
            Ok(number)
        } else {
            Err(self.wrong(key, &format!("it must be from 1 to {most}")))
        }
    }

    pub fn seconds(&self, key: &str, most: u64) -> Result<Duration, Mistake> {
        self.up_to(key, most).map(Duration::from_secs)
    }

    pub fn list(&self, key: &str) -> Vec<String> {
        self.text(key).split(',').map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned).collect()
    }

    pub fn yes_or_no(&self, key: &str) -> Result<bool, Mistake> {
        match self.get(key) {
            Some(("true", _)) => Ok(true),
            Some(("false", _)) => Ok(false),
            _ => Err(self.wrong(key, &"it must be true or false")),
        }
    }

    /// A token that can stand in a header. A message about a wrong one does not repeat it.
    pub fn token(&self, key: &str) -> Result<Option<Token>, Mistake> {
        match self.get(key) {
            None => Ok(None),
            Some((token, _)) if !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic()) => {
                Ok(Some(Token::from(token.to_owned())))
            }
            Some((_, source)) => Err(Mistake::of(
                key,
                format!("`{key}` ({source}): it must be letters, digits and signs of ASCII, without spaces"),
            )),
        }
    }

    /// The one of `all` whose name is the value.
    pub fn choice<T>(
        &self,
        key: &str,
        all: impl IntoIterator<Item = T>,
        name: impl Fn(&T) -> &'static str,
    ) -> Result<T, Mistake> {
        let mut names = Vec::new();
        for one in all {
            if self.get(key).is_some_and(|(value, _)| value == name(&one)) {
                return Ok(one);
            }
            names.push(name(&one));
        }
        Err(self.wrong(key, &format!("it must be {}", names.join(" or "))))
    }
}
