//! The secrets registered in this process, and texts without them.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::sync::{PoisonError, RwLock};

use crate::HIDDEN;

/// A part of a secret is hidden if it has at least this many bytes.
const PART: usize = 6;
/// A shorter secret is not searched for: it would be found in every text.
const SHORTEST: usize = 3;
/// A longer secret is not registered: no setting is that long.
const LONGEST: usize = 4_096;
/// The most secrets registered, more than any configuration has. Later ones are not searched for.
const MOST: usize = 2_048;

/// Words of this program's own messages. Hiding one of them would reveal that it is a password.
const OWN: [&str; 12] = [
    "vesting",
    "password",
    "postgres",
    "postgresql",
    "database",
    "localhost",
    "endpoint",
    "archive",
    "finney",
    "network",
    "subnet",
    "secret",
];

/// The secrets of one text, and its public words.
#[derive(Debug, Default)]
pub struct Words {
    pub secrets: Vec<String>,
    pub public: Vec<String>,
}

/// The secrets registered in this process.
static KNOWN: RwLock<Option<Known>> = RwLock::new(None);

/// Registered secrets, and public words.
#[derive(Default)]
struct Known {
    secrets: BTreeSet<String>,
    public: BTreeSet<String>,
    /// Every part of a secret of the least length.
    parts: HashSet<[u8; PART]>,
}

/// Registers a secret. From now on, [`hide`] removes it from texts.
pub fn keep(secret: &str) {
    learn(Words { secrets: vec![secret.to_owned()], public: Vec::new() });
}

/// A text without the registered secrets, and without parts of them that are long enough to reveal them.
#[must_use]
pub fn hide(text: &str) -> Cow<'_, str> {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    known.as_ref().map_or(Cow::Borrowed(text), |known| known.hide(text))
}

/// Whether a text holds a registered secret.
#[must_use]
pub fn is_in(text: &str) -> bool {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    known.as_ref().is_some_and(|known| !known.found_in(text).is_empty())
}

/// Registers the words of a text.
pub fn learn(words: Words) {
    if words.secrets.is_empty() {
        return;
    }
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    known.get_or_insert_default().learn(words);
}

/// Whether a word looks like a key: it is long, or mixes digits and letters or small and capital letters.
pub fn is_like_a_key(word: &str) -> bool {
    word.len() >= 16 || is_mixed(word)
}

fn is_mixed(word: &str) -> bool {
    let has = |is: fn(char) -> bool| word.chars().any(is);
    let kinds = [has(|c| c.is_ascii_digit()), has(char::is_lowercase), has(char::is_uppercase)];
    word.len() >= PART && kinds.into_iter().filter(|kind| *kind).count() >= 2
}

impl Known {
    fn learn(&mut self, words: Words) {
        for word in words.public.into_iter().filter(|word| word.len() >= SHORTEST) {
            if self.public.len() < MOST {
                self.public.insert(word);
            }
        }
        for secret in words.secrets {
            // The form in which another program prints it in quotes.
            let escaped = secret.escape_debug().to_string();
            for form in [secret, escaped] {
                if (SHORTEST..=LONGEST).contains(&form.len()) && self.secrets.len() < MOST {
                    self.parts.extend(
                        form.as_bytes().windows(PART).filter_map(|part| <[u8; PART]>::try_from(part).ok()),
                    );
                    self.secrets.insert(form);
                }
            }
        }
    }

    fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let found = self.found_in(text);
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let (mut hidden, mut at) = (String::with_capacity(text.len()), 0);
        for (from, to) in found {
            hidden.push_str(text.get(at..from).unwrap_or_default());
            // Two that touch are replaced once.
            if from > at || !hidden.ends_with(HIDDEN) {
                hidden.push_str(HIDDEN);
            }
            at = to;
        }
        hidden.push_str(text.get(at..).unwrap_or_default());
        Cow::Owned(hidden)
    }

    /// The ranges of a text that hold secrets, in order and without overlaps.
    fn found_in(&self, text: &str) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for secret in self.secrets.iter().filter(|secret| !self.is_public(secret)) {
            let whole = text
                .match_indices(secret.as_str())
                .map(|(from, _)| (from, from.saturating_add(secret.len())));
            // A short secret counts only as a whole word, and a short number not at all: it may be any
            // figure.
            let is_short = secret.len() < PART;
            let is_number = secret.bytes().all(|byte| byte.is_ascii_digit());
            found.extend(
                whole.filter(|(from, to)| !is_short || (!is_number && stands_alone(text, *from, *to))),
            );
        }
        self.parts_in(text, &mut found);
        found.sort_unstable();
        found.into_iter().fold(Vec::new(), |mut apart: Vec<(usize, usize)>, (from, to)| {
            match apart.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => apart.push((from, to)),
            }
            apart
        })
    }

    /// Adds the ranges of a text that hold only a part of a secret.
    fn parts_in(&self, text: &str, found: &mut Vec<(usize, usize)>) {
        let bytes = text.as_bytes();
        let mut at = 0usize;
        while let Some(part) = at.checked_add(PART).and_then(|end| bytes.get(at..end)) {
            let from = at;
            at = at.saturating_add(1);
            if !<[u8; PART]>::try_from(part).is_ok_and(|part| self.parts.contains(&part)) {
                continue;
            }
            let tail = bytes.get(from..).unwrap_or_default();
            let longest = |secret: &String| {
                let secret = secret.as_bytes();
                let runs =
                    (0..secret.len()).map(|start| shared(tail, secret.get(start..).unwrap_or_default()));
                (runs.max().unwrap_or(0), secret.len())
            };
            for (run, of) in self.secrets.iter().map(longest).filter(|(run, _)| *run >= PART) {
                let (start, end) = (floor(text, from), ceil(text, from.saturating_add(run)));
                let Some(words) = text.get(start..end) else { continue };
                if (is_mixed(words) || run.saturating_mul(2) >= of) && !self.is_public(words) {
                    found.push((start, end));
                    at = at.max(from.saturating_add(run.saturating_sub(PART - 1)));
                }
            }
        }
    }

    /// Whether a word is public anyway, so that hiding it would gain nothing.
    fn is_public(&self, word: &str) -> bool {
        OWN.iter().any(|own| own.contains(word)) || self.public.iter().any(|known| known.contains(word))
    }
}

/// The length of the common beginning.
fn shared(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(a, b)| a == b).count()
}

/// Whether a range of a text is a whole word.
fn stands_alone(text: &str, from: usize, to: usize) -> bool {
    let before = text.get(..from).and_then(|text| text.chars().next_back());
    let after = text.get(to..).and_then(|text| text.chars().next());
    ![before, after].into_iter().flatten().any(char::is_alphanumeric)
}

/// The nearest character boundary at or before a byte.
fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at = at.saturating_sub(1);
    }
    at
}

/// The nearest character boundary at or after a byte.
fn ceil(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at = at.saturating_add(1);
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(urls: &[&str]) -> Known {
        let mut known = Known::default();
        for url in urls {
            known.learn(crate::url::look(url).2);
        }
        known
    }

    #[test]
    fn a_secret_goes_from_a_text_in_every_form_and_in_parts() {
        let known = of(&[
            "postgres://vesting:Rosebud%2F77%22x@db.example.org/vesting",
            "wss://node.example.org/v1/aZ81kk20qqPz?k=0011aabb",
        ]);
        for (text, hidden) in [
            ("user Rosebud/77\"x is not let in", "user *** is not let in"),
            ("user Rosebud%2F77%22x is not let in", "user *** is not let in"),
            ("user \"Rosebud/77\\\"x\" is not let in", "user \"***\" is not let in"),
            ("could not find osebud/7", "could not find ***"),
            ("GET /v1/aZ81kk20qqPz?k=0011aabb", "GET /***?***"),
            ("key aZ81kk… of 0011aabb", "key ***… of ***"),
            ("päss aZ81kk20ß", "päss ***ß"),
            (
                "vesting at db.example.org does not know node.example.org",
                "vesting at db.example.org does not know node.example.org",
            ),
            ("Rose, bud, aZ81, v1 and k", "Rose, bud, aZ81, v1 and k"),
        ] {
            assert_eq!(known.hide(text), hidden);
        }
        assert_eq!(Known::default().hide("Rosebud"), "Rosebud");
    }

    #[test]
    fn a_short_or_public_word_spoils_no_text() {
        let known = of(&[
            "postgres://me:vesting@host/x",
            "postgres://me:1234@host/x",
            "postgres://me:pond@host/x",
            "wss://host/archive/rpc",
        ]);
        for text in ["vesting runs as me", "block 1234 of 12345", "it responds", "use an archive endpoint"] {
            assert_eq!(known.hide(text), text);
        }
        assert_eq!(known.hide("as `pond`"), "as `***`");
        assert_eq!(known.hide("GET /archive/rpc"), "GET /***");
    }

    #[test]
    fn the_number_of_secrets_is_bounded() {
        let mut known = Known::default();
        for number in 0..2 * MOST {
            known.learn(Words {
                secrets: vec![format!("secret-{number}")],
                public: vec![format!("public-{number}")],
            });
        }
        known.learn(Words { secrets: vec!["x".repeat(LONGEST + 1)], public: Vec::new() });
        assert_eq!((known.secrets.len(), known.public.len()), (MOST, MOST));
    }
}
