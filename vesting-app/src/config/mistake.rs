//! Mistakes in the configuration: all of them, not only the first.

use std::fmt;

use serde::Serialize;
use vesting_secret::hide;

use crate::exit::UsageError;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// The key, if the mistake is about one.
    pub key: Option<String>,
    /// The subnet whose table or policy is wrong.
    pub netuid: Option<u16>,
    /// What is wrong, and what to do.
    pub mistake: String,
}

impl Mistake {
    /// A mistake about a key.
    pub fn of(key: impl Into<String>, why: impl Into<String>) -> Self {
        Self { key: Some(hide(&key.into()).into_owned()), ..Self::plain(why) }
    }

    /// A mistake about the file or a variable.
    pub fn plain(why: impl Into<String>) -> Self {
        // A secret may have been written in the wrong place.
        Self { key: None, netuid: None, mistake: hide(&why.into()).into_owned() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.netuid.map(|netuid| format!("[subnet.{netuid}]")) {
            Some(table) if !self.mistake.contains(&table) => write!(f, "{table}: {}", self.mistake),
            _ => f.write_str(&self.mistake),
        }
    }
}

impl From<Mistake> for UsageError {
    fn from(mistake: Mistake) -> Self {
        Self(mistake.to_string())
    }
}

/// Every mistake found so far.
#[derive(Debug, Default)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// Adds a mistake, unless it is already there.
    pub fn note(&mut self, mistake: Mistake) {
        if !self.0.contains(&mistake) {
            self.0.push(mistake);
        }
    }

    /// The value; an error is added to the mistakes.
    pub fn note_err<T>(&mut self, result: Result<T, Mistake>) -> Option<T> {
        result.map_err(|mistake| self.note(mistake)).ok()
    }

    /// Adds the mistakes of a subnet. Those that come from the common settings are already there.
    pub fn take_over(&mut self, netuid: u16, of_table: Self) {
        for mistake in of_table.0 {
            if !self.0.contains(&mistake) {
                self.note(Mistake { netuid: Some(netuid), ..mistake });
            }
        }
    }

    /// In the order in which they were found.
    pub fn all(&self) -> &[Mistake] {
        &self.0
    }

    /// The value that was read, if there are no mistakes.
    pub fn or_value<T>(self, read: T) -> Result<T, UsageError> {
        if self.0.is_empty() { Ok(read) } else { Err(self.into()) }
    }

    /// Whether a mistake is about one of these keys.
    pub fn any_of(&self, keys: &[&str]) -> bool {
        self.0.iter().any(|mistake| mistake.key.as_deref().is_some_and(|key| keys.contains(&key)))
    }
}

impl From<Mistakes> for UsageError {
    fn from(mistakes: Mistakes) -> Self {
        match mistakes.all() {
            [one] => Self(one.to_string()),
            many => {
                let lines: String = many.iter().map(|mistake| format!("\n  {mistake}")).collect();
                Self(format!("{} mistakes in the configuration:{lines}", many.len()))
            }
        }
    }
}
