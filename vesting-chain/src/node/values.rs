//! Storage values of one state, by key.

use std::collections::HashMap;

use foldhash::fast::FixedState;

/// Storage values of one state: the keys that were read, each with its value if the state has one. The hasher
/// is a fast one, since there are thousands of keys and they are hashes or accounts already.
#[derive(Debug, Default)]
pub(crate) struct Values(HashMap<Vec<u8>, Option<Vec<u8>>, FixedState>);

impl Values {
    /// Whether a key was read.
    pub(crate) fn knows(&self, key: &[u8]) -> bool {
        self.0.contains_key(key)
    }

    /// The value of a key; `None` if the key was not read, or the state has no value.
    pub(crate) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.0.get(key).and_then(Option::as_deref)
    }

    /// Adds other values of the same state.
    pub(crate) fn absorb(&mut self, other: Self) {
        if self.0.is_empty() {
            self.0 = other.0;
        } else {
            self.0.extend(other.0);
        }
    }

    /// Takes a value out. Afterwards the key has none.
    pub(crate) fn take(&mut self, key: &[u8]) -> Option<Vec<u8>> {
        self.0.get_mut(key).and_then(Option::take)
    }
}

impl FromIterator<(Vec<u8>, Option<Vec<u8>>)> for Values {
    fn from_iter<I: IntoIterator<Item = (Vec<u8>, Option<Vec<u8>>)>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}
