//! Finds a key by the name that a user wrote.

use super::key::{KEYS, Key};
use super::mistake::Mistake;

/// The key of this name, or a mistake with a name that is spelt alike.
pub fn find_key(name: &str, source: &str) -> Result<&'static Key, Mistake> {
    if let Some(key) = Key::named(name) {
        return Ok(key);
    }
    let near = KEYS.iter().find(|key| name.len() > 3 && key.name.contains(name) || name.contains(key.name));
    let near = near.or_else(|| KEYS.iter().find(|key| is_near(key.name, name)));
    let hint = near.map_or_else(
        || "`vesting config init --output -` lists the keys".to_owned(),
        |near| format!("did you mean `{}`?", near.name),
    );
    Err(Mistake::of(name, format!("{source}: unknown key `{name}`; {hint}")))
}

/// Whether two names differ by a letter or two.
fn is_near(a: &str, b: &str) -> bool {
    let start = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let rest = (a.len().saturating_sub(start), b.len().saturating_sub(start));
    let end =
        a.bytes().rev().zip(b.bytes().rev()).take_while(|(a, b)| a == b).count().min(rest.0).min(rest.1);
    rest.0.saturating_sub(end) <= 2 && rest.1.saturating_sub(end) <= 2
}
